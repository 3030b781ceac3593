#include "signer/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/cosign.h"
#include "signer/chip.h"

#define PROPERTIES_BYTES 64

struct key {
	OSSL_LIB_CTX *library; /* that the pair is in; NULL: OpenSSL's own */
	EVP_PKEY *pair;
	struct note_verifier verifier;
	struct key *joined; /* signs beside it; or NULL */
};

static int tell(int err, const char *path, const char *what)
{
	fprintf(stderr, "corridord-signer: %s: %s%s%s\n", path, what, err < 0 ? ": " : "",
		err < 0 ? strerror(-err) : "");
	return err < 0 ? err : -EINVAL;
}

/* What root makes has to be readable for the service, if there is its account. */
static int give_to_service(int fd)
{
	const struct passwd *service = geteuid() == 0 ? getpwnam("corridord") : NULL;

	return service ? fchown(fd, service->pw_uid, service->pw_gid) : 0;
}

int key_make(const char *path, unsigned char type)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	EVP_PKEY *pair = NULL;
	int err = 0;

	if (!file)
		return tell(-errno, path, "the key cannot be written");
	pair = type == NOTE_ECDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
				  : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!pair || PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fflush(file) != 0 || give_to_service(fd) != 0 || fsync(fd) != 0)
		err = tell(errno ? -errno : -EIO, path, "the key cannot be written");
	EVP_PKEY_free(pair);
	fclose(file);
	if (err < 0)
		unlink(path);
	return err;
}

/* Of an encrypted file nobody is asked for the password. */
static int no_password(char *out, int size, int writes, void *data)
{
	(void)out, (void)size, (void)writes, (void)data;
	return -1;
}

static int lacks(const char *path, const char *name, bool of_log)
{
	fprintf(stderr,
		"corridord-signer: %s: the key cannot be read, there is none. To make it:\n"
		"	sudo " LIBEXECDIR "/corridord-signer %s %s %s\n",
		path, of_log ? "--new-key" : "--new-witness-key", path, name);
	return -ENOENT;
}

static int read_chip(const char *name, struct key *key)
{
	const char *why = "";
	int err = chip_open(name, &key->pair, &key->library, &why);

	return err < 0 ? tell(err == -ENOENT || err == -EINVAL ? 0 : err, name, why) : 0;
}

static int read_pair(const char *path, struct key *key)
{
	FILE *file;
	EVP_PKEY *pair;

	if (chip_has(path))
		return read_chip(path, key);
	file = fopen(path, "re");
	if (!file)
		return tell(-errno, path, "the key cannot be read");
	pair = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	fclose(file);
	ERR_clear_error();
	if (!pair)
		return tell(0, path, "this is no PEM file with an unencrypted private key");
	key->pair = pair;
	return 0;
}

static void take_p256(struct note_verifier *verifier, EVP_PKEY *pair)
{
	unsigned char *der = NULL;
	const int bytes = i2d_PUBKEY(pair, &der);

	if (bytes > 0 && bytes <= NOTE_KEY_MOST) {
		memcpy(verifier->key, der, (size_t)bytes);
		verifier->key_bytes = (size_t)bytes;
	}
	OPENSSL_free(der);
}

static int read_public(struct key *key, const char *path, bool of_log)
{
	struct note_verifier *verifier = &key->verifier;

	verifier->type = of_log ? NOTE_ED25519 : NOTE_COSIGNATURE;
	if (of_log && EVP_PKEY_is_a(key->pair, "EC") == 1) {
		verifier->type = NOTE_ECDSA;
		take_p256(verifier, key->pair);
	} else if (EVP_PKEY_is_a(key->pair, "ED25519") == 1) {
		verifier->key_bytes = ED25519_BYTES;
		if (EVP_PKEY_get_raw_public_key(key->pair, verifier->key, &verifier->key_bytes) !=
		    1)
			verifier->key_bytes = 0;
	}
	if (!note_key_is_known(verifier->type, verifier->key, verifier->key_bytes))
		return tell(0, path,
			    of_log ? "the key is neither an Ed25519 nor a P-256 one"
				   : "the key is not an Ed25519 one, as a witness's is");
	verifier->id =
		note_key_id(verifier->name, verifier->type, verifier->key, verifier->key_bytes);
	return 0;
}

int key_open(const char *path, const char *name, bool of_log, struct key **ret_key)
{
	struct key *key = calloc(1, sizeof(*key));
	int err = key ? 0 : -ENOMEM;

	if (err == 0 && !note_name_is_good(name))
		err = tell(0, name, "a key's name has neither blanks nor \"+\"");
	if (err == 0 && !chip_has(path) && access(path, F_OK) < 0 && errno == ENOENT)
		err = lacks(path, name, of_log);
	if (err == 0)
		err = read_pair(path, key);
	if (err == 0) {
		snprintf(key->verifier.name, sizeof(key->verifier.name), "%s", name);
		err = read_public(key, path, of_log);
	}
	if (err < 0) {
		key_free(key);
		return err;
	}
	*ret_key = key;
	return 0;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	key_free(key->joined);
	EVP_PKEY_free(key->pair);
	OSSL_LIB_CTX_free(key->library);
	free(key);
}

void key_join(struct key *key, struct key *other)
{
	key->joined = other;
}

const struct key *key_joined(const struct key *key)
{
	return key->joined;
}

/* Whoever has the key is to sign: OpenSSL would take the public part to its own code. */
static const char *provider_of(const struct key *key, char out[PROPERTIES_BYTES])
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key->pair);

	if (!provider)
		return NULL;
	snprintf(out, PROPERTIES_BYTES, "?provider=%s", OSSL_PROVIDER_get0_name(provider));
	return out;
}

static EVP_MD_CTX *begin_signature(const struct key *key)
{
	const char *digest = key->verifier.type == NOTE_ECDSA ? "SHA256" : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	char where[PROPERTIES_BYTES];

	if (context && EVP_DigestSignInit_ex(context, NULL, digest, key->library,
					     provider_of(key, where), key->pair, NULL) == 1)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

/* corridor/<checkpoint>/<gateway> */
static bool name_subject(X509_REQ *request, const char *name)
{
	static const char *const parts[] = {"O", "OU", "CN"};
	X509_NAME *subject = X509_REQ_get_subject_name(request);
	const char *at = name;
	bool good = true;

	for (size_t i = 0; good && i < sizeof(parts) / sizeof(parts[0]); i++) {
		const size_t bytes = strcspn(at, "/");

		good = bytes > 0 && X509_NAME_add_entry_by_txt(subject, parts[i], MBSTRING_UTF8,
							       (const unsigned char *)at,
							       (int)bytes, -1, 0) == 1;
		at += bytes;
		good = good && (i < 2 ? *at++ == '/' : *at == '\0');
	}
	return good;
}

static bool sign_request(X509_REQ *request, const struct key *key)
{
	EVP_MD_CTX *context = begin_signature(key);
	bool good = context && X509_REQ_sign_ctx(request, context) > 0;

	EVP_MD_CTX_free(context);
	return good;
}

int key_print_request(const struct key *key)
{
	X509_REQ *request = X509_REQ_new();
	int err = 0;

	if (!request || !name_subject(request, key->verifier.name))
		err = tell(0, key->verifier.name,
			   "a certificate is for corridor/<checkpoint>/<gateway>");
	else if (X509_REQ_set_pubkey(request, key->pair) != 1 || !sign_request(request, key) ||
		 PEM_write_X509_REQ(stdout, request) != 1)
		err = tell(-EIO, key->verifier.name, "the certificate request cannot be made");
	X509_REQ_free(request);
	return err;
}

const struct note_verifier *key_verifier(const struct key *key)
{
	return &key->verifier;
}

/* Bytes of it, or a negative errno. */
static int sign(const struct key *key, const char *text, size_t bytes,
		unsigned char signature[NOTE_SIGNED_MOST])
{
	EVP_MD_CTX *context = begin_signature(key);
	size_t count = NOTE_SIGNED_MOST;
	int length = -EIO;

	if (context &&
	    EVP_DigestSign(context, signature, &count, (const unsigned char *)text, bytes) == 1)
		length = (int)count;
	EVP_MD_CTX_free(context);
	return length;
}

static int put_line(const struct key *key, const char *text, size_t bytes, char *out, size_t size)
{
	unsigned char signature[NOTE_SIGNED_MOST];
	int count = sign(key, text, bytes, signature);

	return count < 0 ? count
			 : note_sign_line(key->verifier.name, key->verifier.id, signature,
					  (size_t)count, out, size);
}

/* The text, an empty line, and one of each key. */
static int write_note(const struct key *key, const char *text, int bytes, char *out, size_t size)
{
	int length = bytes, line = 0;

	if (bytes < 0)
		return bytes;
	memcpy(out, text, (size_t)bytes);
	out[length++] = '\n';
	for (; key && line >= 0; key = key->joined) {
		line = put_line(key, text, (size_t)bytes, out + length, size - (size_t)length);
		length += line;
	}
	return line < 0 ? line : length;
}

int key_sign(const struct key *key, const struct note_head *head, char out[NOTE_BYTES])
{
	char text[NOTE_TEXT_BYTES];

	return write_note(key, text, note_text(head, text), out, NOTE_BYTES);
}

int key_vouch(const struct key *key, const struct vouch *vouch, char out[VOUCH_NOTE_BYTES])
{
	char text[VOUCH_TEXT_BYTES];

	return write_note(key, text, vouch_text(vouch, text), out, VOUCH_NOTE_BYTES);
}

int key_cosign(const struct key *key, uint64_t time_s, const char *note, char out[NOTE_BYTES])
{
	unsigned char signature[COSIGN_TIME_BYTES + NOTE_SIGNED_MOST];
	char text[COSIGN_TEXT_BYTES];
	const char *end = strstr(note, "\n\n");
	size_t length = strlen(note);
	int bytes = end ? cosign_text(time_s, note, (size_t)(end - note) + 1, text) : -EINVAL;
	int line;

	if (bytes < 0)
		return bytes;
	if (length >= NOTE_BYTES)
		return -E2BIG;
	cosign_put_time(time_s, signature);
	bytes = sign(key, text, (size_t)bytes, signature + COSIGN_TIME_BYTES);
	if (bytes < 0)
		return bytes;
	if (bytes != ED25519_SIGNATURE_BYTES)
		return -EIO;
	memcpy(out, note, length + 1);
	line = note_sign_line(key->verifier.name, key->verifier.id, signature, COSIGNATURE_BYTES,
			      out + length, NOTE_BYTES - length);
	return line < 0 ? line : (int)length + line;
}
