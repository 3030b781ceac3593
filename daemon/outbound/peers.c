#include "outbound/peers.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "frames/topic.h"

#define LOG_TOKEN "witness"
#include "base/log.h"

#define NEWS_MOST     4
#define LEAST_NS      NS_PER_S /* between two offers to one */
#define CALM_TIMES    4 /* as seldom they are made while nothing critical happens */
#define PAYLOAD_BYTES EVENT_BYTES
#define PLACE_BYTES   (NOTE_NAME_BYTES - (sizeof(PLACE_PREFIX) - 1))
#define PLACE_PREFIX  "corridor/" /* and the place: the name of a key */

/* Somebody's text that waits for the thread. */
struct heard {
	char *text; /* NULL: none */
	bool retained;
};

/* A log that is cosigned here. */
struct charge {
	char place[PLACE_BYTES];
	struct heard heard;
	bool told; /* what is wrong with it; until it is cosigned again */
};

/* Who cosigns this gateway's. */
struct cosigner {
	char place[PLACE_BYTES];
	struct heard heard;
	char epoch[EVENT_EPOCH_BYTES]; /* of what it cosigned last, empty: not known */
	uint64_t size;
	struct event_head offered;
	uint64_t offered_from; /* the old size of that */
	int64_t offered_ns;
	bool again; /* it has cosigned less than was thought */
};

struct peers {
	const struct witness_conf *conf;
	const char *name;
	struct peers_host host;

	pthread_mutex_t lock; /* of all below */
	struct charge charges[WITNESS_KEYS_MAX];
	size_t charge_count;
	struct cosigner cosigners[WITNESS_KEYS_MAX];
	size_t cosigner_count;
	struct event_head pressing; /* the newest critical event */
	struct note_head gathered_head;
	char gathered[NOTE_BYTES];
	struct peers_news news[NEWS_MOST];
	size_t news_count;
};

/* ---- life ---------------------------------------------------------------------------- */

/* "corridor/<checkpoint>/<gateway>+<id>+<key>" */
static void place_of(const char *key, char place[PLACE_BYTES])
{
	const char *begin = key + strlen(PLACE_PREFIX);

	snprintf(place, PLACE_BYTES, "%.*s", (int)strcspn(begin, "+"), begin);
}

/* Of several keys of one gateway, as while they are changed, the place is the same. */
static bool has_charge(const struct peers *peers)
{
	for (size_t i = 0; i < peers->charge_count; i++)
		if (strcmp(peers->charges[i].place, peers->charges[peers->charge_count].place) == 0)
			return true;
	return false;
}

static bool has_cosigner(const struct peers *peers)
{
	for (size_t i = 0; i < peers->cosigner_count; i++)
		if (strcmp(peers->cosigners[i].place,
			   peers->cosigners[peers->cosigner_count].place) == 0)
			return true;
	return false;
}

int peers_new(const struct witness_conf *conf, const char *name, const struct peers_host *host,
	      struct peers **ret_peers)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers)
		return -ENOMEM;
	peers->conf = conf;
	peers->name = name;
	peers->host = *host;
	pthread_mutex_init(&peers->lock, NULL);
	for (size_t i = 0; i < conf->of.count; i++) {
		place_of(conf->of.item[i], peers->charges[peers->charge_count].place);
		peers->charge_count += !has_charge(peers);
	}
	for (size_t i = 0; i < conf->by.count; i++) {
		place_of(conf->by.item[i], peers->cosigners[peers->cosigner_count].place);
		peers->cosigners[i].offered_ns = INT64_MIN / 2;
		peers->cosigner_count += !has_cosigner(peers);
	}
	*ret_peers = peers;
	return 0;
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	for (size_t i = 0; i < WITNESS_KEYS_MAX; i++) {
		free(peers->charges[i].heard.text);
		free(peers->cosigners[i].heard.text);
	}
	pthread_mutex_destroy(&peers->lock);
	free(peers);
}

/* ---- what is heard ------------------------------------------------------------------- */

/* Under the lock. */
static bool hear(struct heard *heard, const char *text, bool retained)
{
	char *copy = strdup(text);

	if (!copy)
		return false; /* it comes again */
	free(heard->text);
	*heard = (struct heard){.text = copy, .retained = retained};
	return true;
}

void peers_hear_request(struct peers *peers, const char *place, const char *text, bool retained)
{
	bool wakes = false;

	pthread_mutex_lock(&peers->lock);
	for (size_t i = 0; i < peers->charge_count; i++)
		if (strcmp(peers->charges[i].place, place) == 0)
			wakes |= hear(&peers->charges[i].heard, text, retained);
	pthread_mutex_unlock(&peers->lock);
	if (wakes)
		peers->host.wake(peers->host.data);
}

void peers_hear_note(struct peers *peers, const char *place, const char *note)
{
	bool wakes = false;

	pthread_mutex_lock(&peers->lock);
	for (size_t i = 0; i < peers->cosigner_count; i++)
		if (strcmp(peers->cosigners[i].place, place) == 0)
			wakes |= hear(&peers->cosigners[i].heard, note, false);
	pthread_mutex_unlock(&peers->lock);
	if (wakes)
		peers->host.wake(peers->host.data);
}

void peers_press(struct peers *peers, const struct event_head *head)
{
	pthread_mutex_lock(&peers->lock);
	peers->pressing = *head;
	pthread_mutex_unlock(&peers->lock);
}

bool peers_take_news(struct peers *peers, struct peers_news *ret_news)
{
	bool found;

	pthread_mutex_lock(&peers->lock);
	found = peers->news_count > 0;
	if (found) {
		*ret_news = peers->news[0];
		memmove(peers->news, peers->news + 1, --peers->news_count * sizeof(peers->news[0]));
	}
	pthread_mutex_unlock(&peers->lock);
	if (found)
		peers->host.wake(peers->host.data); /* it may have waited for the room */
	return found;
}

uint64_t peers_gathered(struct peers *peers, const char *epoch, char out[NOTE_BYTES])
{
	const char *slash;
	uint64_t size = 0;

	pthread_mutex_lock(&peers->lock);
	slash = strrchr(peers->gathered_head.origin, '/');
	if (slash && strcmp(slash + 1, epoch) == 0) {
		size = peers->gathered_head.size;
		memcpy(out, peers->gathered, NOTE_BYTES);
	}
	pthread_mutex_unlock(&peers->lock);
	return size;
}

static int ask(struct signer *signer, const char *word, const char *text,
	       char answer[SIGNER_LINE_BYTES])
{
	char question[SIGNER_LINE_BYTES];
	int length = snprintf(question, sizeof(question), "%s ", word);

	if (strlen(text) > COSIGN_REQUEST_BYTES) {
		snprintf(answer, SIGNER_LINE_BYTES, "refused it is too long");
		return 0;
	}
	base64_encode(text, strlen(text), question + length);
	return signer_ask(signer, question, answer);
}

static void publish(struct peers *peers, const char *key, const char *schema, const char *member,
		    const char *text)
{
	char payload[PAYLOAD_BYTES], whole[STATE_KEY_BYTES];
	struct outlet_state state = {.key = whole, .payload = payload};
	struct jw json;

	snprintf(whole, sizeof(whole), "%s", key);
	jw_start(&json, payload, sizeof(payload));
	jw_open(&json, NULL);
	jw_text(&json, "schema", schema);
	jw_text(&json, member, text);
	jw_close(&json);
	state.bytes = json.bytes;
	if (jw_ok(&json))
		peers->host.publish(peers->host.data, &state);
}

/* ---- as a witness -------------------------------------------------------------------- */

/* The next note of an answer. */
static bool take_note(char **rest, char out[NOTE_BYTES], struct note *note)
{
	const char *word = strtok_r(NULL, " ", rest);
	int length = word ? base64_decode(word, strlen(word), out, NOTE_BYTES - 1) : -EINVAL;

	if (length < 0 || note_read(out, (size_t)length, note) < 0)
		return false;
	out[length] = '\0';
	return true;
}

static void tell(struct peers *peers, const struct peers_news *news)
{
	pthread_mutex_lock(&peers->lock);
	if (peers->news_count < NEWS_MOST)
		peers->news[peers->news_count++] = *news;
	pthread_mutex_unlock(&peers->lock);
	peers->host.changed(peers->host.data);
}

static void tell_wrong(struct peers *peers, struct charge *charge, const struct peers_news *news)
{
	if (charge->told)
		return;
	charge->told = true;
	tell(peers, news);
}

static void answer_log(struct peers *peers, const struct charge *charge, const char *note)
{
	char key[STATE_KEY_BYTES];

	snprintf(key, sizeof(key), WITNESS_KEY "%s", charge->place);
	publish(peers, key, WITNESS_SCHEMA, "note", note);
}

static bool read_request(const char *text, struct cosign_request *request, struct note *note)
{
	return cosign_request_read(text, strlen(text), request) == 0 &&
	       note_read(request->note, request->note_bytes, note) == 0;
}

static void take_fork(struct peers *peers, struct charge *charge, char **rest,
		      const struct cosign_request *request, struct peers_news *news)
{
	struct note cosigned, head;

	if (!take_note(rest, news->first, &cosigned) || !take_note(rest, news->second, &head))
		return;
	news->word = PEERS_FORKED;
	news->cosigned = cosigned.head.size;
	if (cosigned.head.size < head.head.size)
		news->path = request->path;
	tell_wrong(peers, charge, news);
}

/* An old message that the broker had retained says nothing of what the log is now. */
static void take_answer(struct peers *peers, struct charge *charge, const struct heard *heard,
			char *answer)
{
	struct cosign_request request;
	struct peers_news news = {0};
	struct note asked, note;
	char text[NOTE_BYTES], *rest = NULL;
	const char *word = strtok_r(answer, " ", &rest);

	if (!word || !read_request(heard->text, &request, &asked))
		return;
	news.head = asked.head;
	news.cosigned = request.old_size;
	if (strcmp(word, "refused") == 0) {
		log_debug("a head of %s is not cosigned: %s", charge->place, rest);
		return;
	}
	if (strcmp(word, "forked") == 0) {
		take_fork(peers, charge, &rest, &request, &news);
		return;
	}
	if (!take_note(&rest, text, &note))
		return;
	news.cosigned = note.head.size;
	if (strcmp(word, "unproven") == 0) {
		news.word = PEERS_UNPROVEN;
		tell_wrong(peers, charge, &news);
		return;
	}
	answer_log(peers, charge, text);
	if (strcmp(word, "cosigned") == 0) {
		charge->told = false;
		news.word = PEERS_COSIGNED;
		tell(peers, &news);
	} else if (strcmp(word, "again") == 0) {
		charge->told = false;
	} else if (strcmp(word, "behind") == 0 && !heard->retained) {
		news.word = PEERS_BEHIND;
		tell_wrong(peers, charge, &news);
	}
}

static bool take_heard(struct peers *peers, struct heard *from, struct heard *ret_heard)
{
	pthread_mutex_lock(&peers->lock);
	*ret_heard = *from;
	if (peers->news_count == NEWS_MOST)
		ret_heard->text = NULL; /* it waits until that is told */
	else
		from->text = NULL;
	pthread_mutex_unlock(&peers->lock);
	return ret_heard->text != NULL;
}

static int cosign(struct peers *peers, struct signer *signer)
{
	char answer[SIGNER_LINE_BYTES];
	struct heard heard;
	int err = 0;

	for (size_t i = 0; err == 0 && i < peers->charge_count; i++) {
		struct charge *charge = &peers->charges[i];

		if (!take_heard(peers, &charge->heard, &heard))
			continue;
		err = ask(signer, "cosign", heard.text, answer);
		if (err == 0)
			take_answer(peers, charge, &heard, answer);
		free(heard.text);
	}
	return err;
}

/* ---- as a log ------------------------------------------------------------------------ */

/* A line is known by name and key id, which six characters of base64 have whole. */
static bool has_line(const char *note, const char *line)
{
	const size_t bytes = (size_t)(strrchr(line, ' ') - line) + 7;

	for (const char *at = note; (at = strchr(at, '\n')); at++)
		if (strncmp(at + 1, line, bytes) == 0)
			return true;
	return false;
}

/* Under the lock. The same witness anew says nothing that is not known. */
static bool gather_line(struct peers *peers, const char *line)
{
	const size_t length = strlen(peers->gathered);

	if (!strrchr(line, ' ') || has_line(peers->gathered, line) ||
	    length + strlen(line) + 1 >= NOTE_BYTES)
		return false;
	snprintf(peers->gathered + length, NOTE_BYTES - length, "%s\n", line);
	return true;
}

/* Under the lock. true: there is more in it than before. Each witness knows a key of this log, not
 * all the same while they are changed: their signatures are gathered, too. */
static bool gather(struct peers *peers, const struct note_head *head, const char *note)
{
	const struct note_head *before = &peers->gathered_head;
	char lines[NOTE_BYTES], *rest = NULL;
	bool more = false;

	if (strcmp(head->origin, before->origin) != 0 || head->size > before->size) {
		peers->gathered_head = *head;
		snprintf(peers->gathered, NOTE_BYTES, "%s", note);
		return true;
	}
	if (head->size < before->size || !tree_equal(&head->root, &before->root))
		return false;
	snprintf(lines, sizeof(lines), "%s", strstr(note, "\n\n") + 2);
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		more |= gather_line(peers, line);
	return more;
}

/* Of which epoch; NULL: it is not of this gateway's log. */
static const char *epoch_of(const struct peers *peers, const char *origin)
{
	const size_t length = strlen(peers->name);

	if (strncmp(origin, peers->name, length) != 0 || origin[length] != '/' ||
	    strlen(origin + length + 1) != EVENT_EPOCH_BYTES - 1)
		return NULL;
	return origin + length + 1;
}

static bool note_cosigned(struct peers *peers, struct cosigner *cosigner, const char *text)
{
	struct note note;
	const char *epoch = NULL;
	bool more = false;

	if (note_read(text, strlen(text), &note) == 0)
		epoch = epoch_of(peers, note.head.origin);
	if (!epoch)
		return false;
	pthread_mutex_lock(&peers->lock);
	cosigner->size = note.head.size;
	snprintf(cosigner->epoch, sizeof(cosigner->epoch), "%s", epoch);
	cosigner->again = strcmp(epoch, cosigner->offered.epoch) == 0 &&
			  cosigner->size < cosigner->offered.seq &&
			  cosigner->size != cosigner->offered_from;
	more = gather(peers, &note.head, text);
	pthread_mutex_unlock(&peers->lock);
	return more;
}

int peers_step(struct peers *peers, struct signer *signer)
{
	char answer[SIGNER_LINE_BYTES];
	struct heard heard;
	bool more = false;
	int err = cosign(peers, signer);

	for (size_t i = 0; err == 0 && i < peers->cosigner_count; i++) {
		struct cosigner *cosigner = &peers->cosigners[i];

		if (!take_heard(peers, &cosigner->heard, &heard))
			continue;
		err = ask(signer, "check", heard.text, answer);
		if (err == 0 && strncmp(answer, "good ", 5) == 0)
			more |= note_cosigned(peers, cosigner, heard.text);
		else if (err == 0)
			log_debug("%s: %s", cosigner->place, answer);
		free(heard.text);
	}
	return err < 0 ? err : more;
}

/* Under the lock. */
static bool is_pressing(const struct peers *peers, const struct event_head *offered)
{
	return strcmp(peers->pressing.epoch, offered->epoch) == 0 &&
	       peers->pressing.seq > offered->seq;
}

/* Under the lock. INT64_MAX: it has all, or not before more is signed. */
static int64_t offer_due_ns(const struct peers *peers, const struct cosigner *cosigner,
			    const struct event_head *signed_to)
{
	const struct event_head *offered = &cosigner->offered;

	if (signed_to->seq == 0)
		return INT64_MAX;
	if (strcmp(offered->epoch, signed_to->epoch) != 0 || cosigner->again)
		return cosigner->offered_ns + LEAST_NS;
	if (offered->seq >= signed_to->seq)
		return INT64_MAX;
	return cosigner->offered_ns +
	       (is_pressing(peers, offered) ? 1 : CALM_TIMES) * peers->conf->every_ns;
}

int64_t peers_due_ns(struct peers *peers, const struct event_head *signed_to)
{
	int64_t due_ns = INT64_MAX;

	pthread_mutex_lock(&peers->lock);
	for (size_t i = 0; i < WITNESS_KEYS_MAX && peers->news_count < NEWS_MOST; i++)
		if (peers->charges[i].heard.text || peers->cosigners[i].heard.text)
			due_ns = 0;
	for (size_t i = 0; i < peers->cosigner_count; i++) {
		int64_t one_ns = offer_due_ns(peers, &peers->cosigners[i], signed_to);

		due_ns = one_ns < due_ns ? one_ns : due_ns;
	}
	pthread_mutex_unlock(&peers->lock);
	return due_ns;
}

bool peers_next_offer(struct peers *peers, const struct event_head *signed_to, size_t *ret_to,
		      uint64_t *ret_old_size)
{
	const int64_t now_ns = clock_mono_ns();
	bool found = false;

	pthread_mutex_lock(&peers->lock);
	for (size_t i = 0; i < peers->cosigner_count && !found; i++) {
		struct cosigner *cosigner = &peers->cosigners[i];
		bool known = strcmp(cosigner->epoch, signed_to->epoch) == 0 &&
			     cosigner->size <= signed_to->seq;

		if (offer_due_ns(peers, cosigner, signed_to) > now_ns)
			continue;
		found = true;
		*ret_to = i;
		*ret_old_size = known ? cosigner->size : 0;
		cosigner->again = false;
		cosigner->offered = *signed_to;
		cosigner->offered_from = *ret_old_size;
		cosigner->offered_ns = now_ns;
	}
	pthread_mutex_unlock(&peers->lock);
	return found;
}

void peers_offer_again(struct peers *peers, size_t to)
{
	pthread_mutex_lock(&peers->lock);
	peers->cosigners[to].again = true;
	pthread_mutex_unlock(&peers->lock);
}

void peers_offer(struct peers *peers, size_t to, uint64_t old_size, const struct tree_path *path,
		 const char *note)
{
	char request[COSIGN_REQUEST_BYTES], key[STATE_KEY_BYTES];

	if (cosign_request_write(old_size, path, note, request) < 0)
		return;
	snprintf(key, sizeof(key), COSIGN_KEY "%s", peers->cosigners[to].place);
	publish(peers, key, COSIGN_SCHEMA, "request", request);
}
