/* corridord-signer: holds the evidence key and signs heads of this gateway's logs, and its handovers.
 *
 * corridord starts it and hands it one end of a socket as standard input. It has no network, and
 * never signs two heads of an origin of which one does not continue the other. A question is a line,
 * so is its answer:
 *
 *	last ORIGIN			last SIZE ROOT		what was signed last; 0 and zeros: nothing
 *	sign ORIGIN SIZE ROOT HASH...	note NOTE		the hashes prove that the last one is continued
 *	keys				keys KEY...		the verifier keys that it signs with
 *	vouch ORIGIN TOPIC HASH		note NOTE		the handover of that hash is this gateway's
 *	log KEY				ok			a verifier key: heads of that log are cosigned
 *	witness KEY			ok			the same: its cosignatures of our heads are known
 *	cosign REQUEST			as in witness.h		what a log asks of its witness (evidence/cosign.h)
 *	check NOTE			as in witness.h		who has cosigned a head of ours
 *					refused WHY
 *
 * ROOT, HASH, NOTE and REQUEST in base64. No text is signed as it is given: heads and handovers are
 * made here, each with a beginning of its own, of this gateway and at this machine's time.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "evidence/cosign.h"
#include "signer/chip.h"
#include "signer/key.h"
#include "signer/ledger.h"
#include "signer/sandbox.h"
#include "signer/witness.h"

#define QUESTION_BYTES (COSIGN_REQUEST_BYTES / 3 * 4 + 64)
#define ANSWER_BYTES   WITNESS_ANSWER_BYTES
#define HASH_TEXT      44

static const char usage[] =
	"usage: corridord-signer --new-key FILE NAME       makes a key, prints its verifier key\n"
	"       corridord-signer --new-p256-key FILE NAME  the same: ECDSA P-256, not Ed25519\n"
	"       corridord-signer --verifier-key FILE NAME  prints the verifier key\n"
	"       corridord-signer --request FILE NAME       prints a certificate request for the key\n"
	"       corridord-signer --new-witness-key FILE NAME\n"
	"       corridord-signer --witness-key FILE NAME   the same of a witness\n"
	"       corridord-signer --check FILE NAME         says nothing if that is a key; --check-witness\n"
	"       corridord-signer --of VERSION KEY LEDGER NAME [WITNESS-KEY COSIGNED] [--also OLD-KEY]\n"
	"                                                  as corridord starts it\n"
	"NAME is corridor/<checkpoint>/<gateway>.\n";

struct signer {
	struct key *key;
	struct ledger ledger;
	struct witness witness;
};

/* Of what corridord starts it with. */
struct files {
	const char *key, *ledger, *name;
	const char *witness_key, *cosigned; /* NULL: it is no witness */
	const char *old_key; /* signs beside the other one; NULL: there is none */
};

static bool read_hash(const char *word, struct tree_hash *hash)
{
	return word && strlen(word) == HASH_TEXT &&
	       base64_decode(word, HASH_TEXT, hash->bytes, sizeof(hash->bytes)) == TREE_HASH_BYTES;
}

/* Below the key's name: it signs for its gateway alone. */
static bool read_origin(const struct signer *signer, const char *word, char origin[NOTE_NAME_BYTES])
{
	const char *name = key_verifier(signer->key)->name;
	size_t length = strlen(name);

	if (!word || !note_name_is_good(word) || strncmp(word, name, length) != 0 ||
	    word[length] != '/')
		return false;
	memcpy(origin, word, strlen(word) + 1);
	return true;
}

static bool read_size(const char *word, uint64_t *ret_size)
{
	char *end;

	if (!word || word[0] < '0' || word[0] > '9' || strlen(word) > 15)
		return false;
	*ret_size = strtoull(word, &end, 10);
	return *end == '\0';
}

static void answer_last(const struct signer *signer, char **rest, char *out)
{
	const struct note_head *last;
	struct tree_hash none = {0};
	char origin[NOTE_NAME_BYTES], root[HASH_TEXT + 1];

	if (!read_origin(signer, strtok_r(NULL, " ", rest), origin)) {
		snprintf(out, ANSWER_BYTES, "refused no origin of this key");
		return;
	}
	last = ledger_last(&signer->ledger, origin);
	base64_encode(last ? last->root.bytes : none.bytes, TREE_HASH_BYTES, root);
	snprintf(out, ANSWER_BYTES, "last %" PRIu64 " %s", last ? last->size : 0, root);
}

static bool read_sign(const struct signer *signer, char **rest, struct note_head *head,
		      struct tree_path *path)
{
	const char *word;

	if (!read_origin(signer, strtok_r(NULL, " ", rest), head->origin) ||
	    !read_size(strtok_r(NULL, " ", rest), &head->size) ||
	    !read_hash(strtok_r(NULL, " ", rest), &head->root))
		return false;
	for (path->count = 0; (word = strtok_r(NULL, " ", rest)); path->count++)
		if (path->count == TREE_PATH_MAX || !read_hash(word, &path->hash[path->count]))
			return false;
	return true;
}

/* why: it is refused; NULL: here it is. */
static void put_note(const char *why, const char *note, int length, char *out)
{
	if (why)
		snprintf(out, ANSWER_BYTES, "refused %s", why);
	else
		base64_encode(note, (size_t)length, out + snprintf(out, ANSWER_BYTES, "note "));
}

static void answer_sign(struct signer *signer, char **rest, char *out)
{
	struct note_head head;
	struct tree_path path;
	char note[NOTE_BYTES];
	const char *why = NULL;
	int length = -EINVAL, err;

	if (!read_sign(signer, rest, &head, &path))
		why = "that is no head";
	if (!why)
		why = ledger_objects(&signer->ledger, &head, &path);
	if (!why && (err = ledger_note(&signer->ledger, &head)) < 0)
		why = strerror(-err);
	if (!why && (length = key_sign(signer->key, &head, note)) < 0)
		why = "the key does not sign";
	put_note(why, note, length, out);
}

static void answer_keys(const struct signer *signer, char *out)
{
	size_t used = (size_t)snprintf(out, ANSWER_BYTES, "keys");

	for (const struct key *key = signer->key; key; key = key_joined(key)) {
		out[used++] = ' ';
		used += (size_t)note_verifier_text(key_verifier(key), out + used);
	}
}

static bool read_vouch(const struct signer *signer, char **rest, struct vouch *vouch)
{
	const char *topic;

	vouch->kind = VOUCH_HANDOVER;
	if (!read_origin(signer, strtok_r(NULL, " ", rest), vouch->by))
		return false;
	topic = strtok_r(NULL, " ", rest);
	if (!topic || !vouch_topic_is_good(topic) || !strstr(topic, "/handover/"))
		return false;
	memcpy(vouch->topic, topic, strlen(topic) + 1);
	return read_hash(strtok_r(NULL, " ", rest), &vouch->hash) && !strtok_r(NULL, " ", rest);
}

static void answer_vouch(const struct signer *signer, char **rest, char *out)
{
	struct vouch vouch = {.time_s = (uint64_t)(clock_now().utc_ns / NS_PER_S)};
	char note[VOUCH_NOTE_BYTES];
	const char *why = NULL;
	int length = -EINVAL;

	if (!read_vouch(signer, rest, &vouch))
		why = "that is no handover";
	else if ((length = key_vouch(signer->key, &vouch, note)) < 0)
		why = "the key does not sign";
	put_note(why, note, length, out);
}

static void answer_known(struct keys *keys, const char *key, char *out)
{
	int err = key ? keys_add(keys, key) : -EINVAL;

	snprintf(out, ANSWER_BYTES, "%s",
		 err < 0 ? "refused that is no verifier key, or one too many" : "ok");
}

static void answer(struct signer *signer, char *question, char *out)
{
	char *rest = NULL;
	const char *word = strtok_r(question, " ", &rest);

	if (word && strcmp(word, "last") == 0)
		answer_last(signer, &rest, out);
	else if (word && strcmp(word, "sign") == 0)
		answer_sign(signer, &rest, out);
	else if (word && strcmp(word, "keys") == 0)
		answer_keys(signer, out);
	else if (word && strcmp(word, "vouch") == 0)
		answer_vouch(signer, &rest, out);
	else if (word && strcmp(word, "log") == 0)
		answer_known(&signer->witness.logs, strtok_r(NULL, " ", &rest), out);
	else if (word && strcmp(word, "witness") == 0)
		answer_known(&signer->witness.others, strtok_r(NULL, " ", &rest), out);
	else if (word && strcmp(word, "cosign") == 0)
		witness_cosign(&signer->witness, rest, out);
	else if (word && strcmp(word, "check") == 0)
		witness_check(&signer->witness, rest, out);
	else
		snprintf(out, ANSWER_BYTES, "refused what is that");
	memcpy(out + strlen(out), "\n", 2);
}

static int serve(struct signer *signer)
{
	FILE *in = fdopen(STDIN_FILENO, "r");
	char question[QUESTION_BYTES], out[ANSWER_BYTES + 2];

	while (in && fgets(question, sizeof(question), in)) {
		char *end = strchr(question, '\n');

		if (!end)
			return EXIT_FAILURE;
		*end = '\0';
		answer(signer, question, out);
		if (send(STDIN_FILENO, out, strlen(out), MSG_NOSIGNAL) != (ssize_t)strlen(out))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* What is in memory is the key: no dump of it, and none who looks in. */
static void follow_parent(void)
{
	const struct rlimit none = {0};

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

static int cannot_read(const char *path, int err)
{
	fprintf(stderr,
		"corridord-signer: %s: what was signed last cannot be read (%s): nothing is signed\n",
		path, strerror(-err));
	return err;
}

static int open_witness(struct witness *witness, const struct files *files, const struct key *own)
{
	char text[VERIFIER_BYTES];
	int err = 0;

	for (const struct key *key = own; key && err == 0; key = key_joined(key)) {
		note_verifier_text(key_verifier(key), text);
		err = keys_add(&witness->others, text);
	}
	if (err < 0 || !files->witness_key)
		return err;
	err = key_open(files->witness_key, files->name, false, &witness->key);
	if (err < 0)
		return err;
	err = cosigned_open(&witness->cosigned, files->cosigned);
	return err < 0 ? cannot_read(files->cosigned, err) : 0;
}

static int open_all(struct signer *signer, const struct files *files)
{
	struct key *old = NULL;
	int err = key_open(files->key, files->name, true, &signer->key);

	if (err == 0 && files->old_key)
		err = key_open(files->old_key, files->name, true, &old);
	if (err < 0)
		return err;
	key_join(signer->key, old);
	err = ledger_open(&signer->ledger, files->ledger);
	if (err < 0)
		return cannot_read(files->ledger, err);
	return open_witness(&signer->witness, files, signer->key);
}

static int run(const struct files *files)
{
	static struct signer signer;
	int result = EXIT_FAILURE;

	follow_parent();
	if (open_all(&signer, files) == 0) {
		if (signer_sandbox_enter() < 0)
			fprintf(stderr, "corridord-signer: the network cannot be shut out\n");
		else
			result = serve(&signer);
	}
	key_free(signer.witness.key);
	key_free(signer.key);
	return result;
}

/* While packages are changed this file may be newer than who runs, until that is restarted. */
static bool is_of(const char *version)
{
	if (strcmp(version, version_text) == 0)
		return true;
	fprintf(stderr,
		"signer: this is corridord-signer %s, started by corridord %s: it signs nothing until "
		"that is restarted (systemctl restart corridord)\n",
		version_text, version);
	return false;
}

static int print_verifier(const char *path, const char *name, bool of_log)
{
	char text[VERIFIER_BYTES];
	struct key *key;

	if (key_open(path, name, of_log, &key) < 0)
		return EXIT_FAILURE;
	note_verifier_text(key_verifier(key), text);
	puts(text);
	key_free(key);
	return EXIT_SUCCESS;
}

static int print_request(const char *path, const char *name)
{
	struct key *key;
	int err;

	if (key_open(path, name, true, &key) < 0)
		return EXIT_FAILURE;
	err = key_print_request(key);
	key_free(key);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* As print_verifier(), without a word where all is well or the key may not be seen. */
static int check(const char *path, const char *name, bool of_log)
{
	struct key *key = NULL;
	int err = access(path, R_OK) < 0 && errno == EACCES && !chip_has(path)
			  ? 0
			  : key_open(path, name, of_log, &key);

	key_free(key);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static int make(const char *path, const char *name, unsigned char type)
{
	if (!note_name_is_good(name) || key_make(path, type) < 0)
		return EXIT_FAILURE;
	return print_verifier(path, name, note_is_of_log(type));
}

/* What is asked for by hand. -1: nothing that is known. */
static int at_hand(const char *what, const char *path, const char *name)
{
	if (strcmp(what, "--new-key") == 0)
		return make(path, name, NOTE_ED25519);
	if (strcmp(what, "--new-p256-key") == 0)
		return make(path, name, NOTE_ECDSA);
	if (strcmp(what, "--verifier-key") == 0)
		return print_verifier(path, name, true);
	if (strcmp(what, "--request") == 0)
		return print_request(path, name);
	if (strcmp(what, "--new-witness-key") == 0)
		return make(path, name, NOTE_COSIGNATURE);
	if (strcmp(what, "--witness-key") == 0)
		return print_verifier(path, name, false);
	if (strcmp(what, "--check") == 0)
		return check(path, name, true);
	if (strcmp(what, "--check-witness") == 0)
		return check(path, name, false);
	return -1;
}

int main(int argc, char **argv)
{
	const char *old_key = NULL;
	int result = -1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("corridord-signer %s\n", version_text);
		return EXIT_SUCCESS;
	}
	if (argc == 4)
		result = at_hand(argv[1], argv[2], argv[3]);
	if (argc >= 8 && strcmp(argv[argc - 2], "--also") == 0) {
		old_key = argv[argc - 1];
		argc -= 2;
	}
	if ((argc == 6 || argc == 8) && strcmp(argv[1], "--of") == 0 && is_socket(STDIN_FILENO)) {
		const struct files files = {argv[3],
					    argv[4],
					    argv[5],
					    argc == 8 ? argv[6] : NULL,
					    argc == 8 ? argv[7] : NULL,
					    old_key};

		return is_of(argv[2]) ? run(&files) : EXIT_FAILURE;
	}
	if (result < 0)
		fputs(usage, stderr);
	return result < 0 ? EXIT_FAILURE : result;
}
