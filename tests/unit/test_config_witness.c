/* Bad blocks of evidence: everything that is told about each, to the letter. */
#include "config_bad.h"

static const struct bad bads[] = {
	{
		.name = "witnesses that are none",
		.main = SITE
		"witness { of = {\"corridor/tr-sarp/gw1+aea23d20+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", \"x\"}\n  by = {\"corridor/tr-sarp/gw1+7549f9e3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"} }\n",
		.told = "main.conf:2: witness: of = \"corridor/tr-sarp/gw1+aea23d20+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"...: is not the verifier key of a log\n"
			"main.conf:2: witness: of = \"x\": is no verifier key\n"
			"main.conf:2: witness: option \"of\" needs \"key\" beside it\n"
			"main.conf:2: witness: needs a block \"signer\"\n"
			"main.conf:3: witness: by = \"corridor/tr-sarp/gw1+7549f9e3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"...: is not the verifier key of a witness\n",
	},
	{
		.name = "a log whose key is not a gateway's",
		.main = SITE
		"signer { key = \"/k\" }\n"
		"witness { key = \"/w\" of = {\"somebody+699ba78a+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"} }\n",
		.told = "main.conf:3: witness: of = \"somebody+699ba78a+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"...: is not named corridor/CHECKPOINT/GATEWAY\n",
	},
	{
		.name = "a witness of nobody",
		.main = SITE "signer { key = \"/k\" }\nwitness { }\n",
		.told = "main.conf:3: witness: names nobody, expected \"of\" or \"by\"\n",
	},
	{
		.name = "neighbours without a key",
		.main = SITE "handover { require = true }\n",
		.told = "main.conf:2: handover: option \"require\" needs \"keys\" beside it\n",
	},
	{
		.name = "a neighbour's key that is an officer's",
		.main = SITE
		"handover { keys = {\"officer/O.%20Beridze+84c2edbb+AS3wQSXwAVr7R86FOu+HcglP+UmMFMsbnhKXPCkn2g+m\"} }\n",
		.told = "main.conf:2: handover: keys = \"officer/O.%20Beridze+84c2edbb+AS3wQSXwAVr7R86FOu+HcglP+UmMFM\"...: is not named corridor/CHECKPOINT/GATEWAY\n",
	},
	{
		.name = "officers that are none, and requests that are none",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"
			"officers { keys = {\"x\", \"corridor/az-ganja/gw1+ff77c022+AS3wQSXwAVr7R86FOu+HcglP+UmMFMsbnhKXPCkn2g+m\"}\n"
			"  must_sign = {release, relaese} }\n",
		.told = "main.conf:2: officers: keys = \"x\": is no verifier key\n"
			"main.conf:2: officers: keys = \"corridor/az-ganja/gw1+ff77c022+AS3wQSXwAVr7R86FOu+HcglP+UmMF\"...: is not named officer/NAME\n"
			"main.conf:2: officers: needs \"requests = true\" in the block \"uplink\"\n"
			"main.conf:3: officers: must_sign = \"relaese\": is no kind of request\n",
	},
};

int main(void)
{
	return run_bads(bads, sizeof(bads) / sizeof(bads[0]));
}
