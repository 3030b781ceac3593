/* Bad blocks trust of the registry: everything that is told about each, to the letter. */
#include "config_bad.h"

static const struct bad bads[] = {
	{
		.name = "keys that are none of a keeper",
		.main = SITE
		"registry { trust \"revenue\" { kinds = {\"aeo\"}\n  keys = {\"x\", \"corridor/tr-sarp/gw1+7549f9e3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\n  \"corridor/tr-sarp/gw1+aea23d20+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"} } }\n",
		.told = "main.conf:3: registry trust \"revenue\": keys = \"x\": is no verifier key, expected NAME+ID+KEY as its keeper handed it out\n"
			"main.conf:3: registry trust \"revenue\": keys = \"corridor/tr-sarp/gw1+7549f9e3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"...: is named as the keys of gateways are: a keeper of lists has one of its own\n"
			"main.conf:3: registry trust \"revenue\": keys = \"corridor/tr-sarp/gw1+aea23d20+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"...: is not a key for signatures of lists (Ed25519 or P-256)\n",
	},
	{
		.name = "kinds and states that are none",
		.main = SITE
		"registry { trust \"revenue\" { keys = {\"somebody+699ba78a+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}\n  kinds = {\"seal\", \"mra\", \"aeo\"}\n  states = {\"ge\", \"GEO\", \"GE\"} } }\n",
		.told = "main.conf:3: registry trust \"revenue\": kinds = \"seal\": is no kind, expected consignment, aeo, mra or group\n"
			"main.conf:3: registry trust \"revenue\": kinds = \"mra\": has no state: a block trust of its own, without \"states\"\n"
			"main.conf:4: registry trust \"revenue\": states = \"ge\": is no state, expected two capital letters (ISO 3166-1)\n"
			"main.conf:4: registry trust \"revenue\": states = \"GEO\": is no state, expected two capital letters (ISO 3166-1)\n",
	},
};

int main(void)
{
	return run_bads(bads, sizeof(bads) / sizeof(bads[0]));
}
