#include "outbound/signer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "outbound/child.h"

#define LOG_TOKEN "signer"
#include "base/log.h"

#define ANSWER_NS (5 * NS_PER_S)
#define LAST_NS	  (500 * NS_PER_MS) /* for its end */

static bool check_key(const char *what, char *key, const char *name)
{
	char option[32], of[NOTE_NAME_BYTES];
	char *const arguments[] = {(char[]){"corridord-signer"}, option, key, of, NULL};

	snprintf(option, sizeof(option), "%s", what);
	snprintf(of, sizeof(of), "%s", name);
	return child_check(arguments) <= 0;
}

int signer_check_files(const struct signer_conf *conf, const struct witness_conf *witness,
		       const char *name)
{
	bool good = !conf->enabled || check_key("--check", conf->key, name);

	if (conf->old_key)
		good &= check_key("--check", conf->old_key, name);
	if (witness->key)
		good &= check_key("--check-witness", witness->key, name);
	return good ? 0 : -EINVAL;
}

static int fail(struct signer *signer, int err, const char *failure)
{
	signer->failure = failure;
	return err;
}

void signer_put_down(struct signer *signer)
{
	char words[CHILD_WORDS_BYTES];

	if (signer->pid == 0)
		return;
	close(signer->fd);
	child_reap(signer->pid, clock_mono_ns() + LAST_NS, "a library", words);
	signer->pid = 0;
}

static int start(struct signer *signer)
{
	char version[128], also[] = "--also";
	const bool cosigns = signer->witness->key != NULL;
	char *arguments[11] = {
		(char[]){"corridord-signer"}, (char[]){"--of"}, version, signer->conf->key,
		signer->conf->ledger,	      signer->name};
	size_t count = 6;
	int fds[2];
	int err;

	if (cosigns) {
		arguments[count++] = signer->witness->key;
		arguments[count++] = signer->witness->cosigned;
	}
	if (signer->conf->old_key) {
		arguments[count++] = also;
		arguments[count] = signer->conf->old_key;
	}

	snprintf(version, sizeof(version), "%s", version_text);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return fail(signer, -errno, "no socket for corridord-signer");
	err = child_start_program(arguments[0], arguments, fds[1], &signer->pid);
	close(fds[1]);
	if (err == 0) {
		signer->fd = fds[0];
		return 0;
	}
	close(fds[0]);
	signer->pid = 0;
	return fail(signer, err, "corridord-signer cannot be started");
}

static int receive(struct signer *signer, char answer[SIGNER_LINE_BYTES])
{
	int64_t until_ns = clock_mono_ns() + ANSWER_NS;
	size_t used = 0;

	while (used == 0 || answer[used - 1] != '\n') {
		struct pollfd fd = {.fd = signer->fd, .events = POLLIN};
		ssize_t bytes;

		(void)worker_wait(signer->worker, until_ns, &fd);
		if (clock_mono_ns() >= until_ns)
			return -ETIMEDOUT;
		if (!fd.revents)
			continue;
		bytes = recv(signer->fd, answer + used, SIGNER_LINE_BYTES - 1 - used, MSG_DONTWAIT);
		if (bytes < 0 && errno == EAGAIN)
			continue;
		if (bytes <= 0)
			return -EPIPE;
		used += (size_t)bytes;
	}
	answer[used - 1] = '\0';
	return 0;
}

static int exchange(struct signer *signer, const char *question, char answer[SIGNER_LINE_BYTES])
{
	const size_t bytes = strlen(question);
	int err = 0;

	if (send(signer->fd, question, bytes, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE) !=
		    (ssize_t)bytes ||
	    send(signer->fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		err = -EPIPE;
	if (err == 0)
		err = receive(signer, answer);
	if (err == 0)
		return 0;
	if (err == -ETIMEDOUT)
		(void)kill(signer->pid, SIGKILL);
	signer_put_down(signer);
	return fail(signer, err, "corridord-signer does not answer");
}

static int introduce(struct signer *signer, const char *word, const struct conf_list *keys)
{
	char question[VERIFIER_BYTES + 16], answer[SIGNER_LINE_BYTES];
	int err = 0;

	for (size_t i = 0; err == 0 && i < keys->count; i++) {
		snprintf(question, sizeof(question), "%s %s", word, keys->item[i]);
		err = exchange(signer, question, answer);
		if (err == 0 && strcmp(answer, "ok") != 0)
			log_warnx("\"%s\": %s", keys->item[i], answer);
	}
	return err;
}

static int ask_keys(struct signer *signer)
{
	char answer[SIGNER_LINE_BYTES];
	int err = exchange(signer, "keys", answer);

	if (err == 0 && strncmp(answer, "keys ", 5) == 0)
		snprintf(signer->keys, sizeof(signer->keys), "%.*s", SIGNER_KEYS_BYTES - 1,
			 answer + 5);
	return err;
}

int signer_ask(struct signer *signer, const char *question, char answer[SIGNER_LINE_BYTES])
{
	int err = 0;

	if (signer->pid == 0) {
		err = start(signer);
		if (err == 0)
			err = introduce(signer, "log", &signer->witness->of);
		if (err == 0)
			err = introduce(signer, "witness", &signer->witness->by);
		if (err == 0)
			err = ask_keys(signer);
	}
	return err < 0 ? err : exchange(signer, question, answer);
}
