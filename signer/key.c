#include "signer/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/cosign.h"

struct key {
	EVP_PKEY *pair;
	struct note_verifier verifier;
};

static int tell(int err, const char *path, const char *what)
{
	fprintf(stderr, "corridord-signer: %s: %s%s%s\n", path, what, err < 0 ? ": " : "",
		err < 0 ? strerror(-err) : "");
	return err < 0 ? err : -EINVAL;
}

int key_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	EVP_PKEY *pair = NULL;
	int err = 0;

	if (!file)
		return tell(-errno, path, "the key cannot be written");
	pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!pair || PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fflush(file) != 0 || fsync(fd) != 0)
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

static int read_pair(const char *path, EVP_PKEY **ret_pair)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *pair;

	if (!file)
		return tell(-errno, path, "the key cannot be read");
	pair = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	fclose(file);
	ERR_clear_error();
	if (!pair)
		return tell(0, path, "this is no PEM file with an unencrypted private key");
	if (EVP_PKEY_id(pair) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pair);
		return tell(0, path, "the key is not an Ed25519 one");
	}
	*ret_pair = pair;
	return 0;
}

int key_open(const char *path, const char *name, unsigned char type, struct key **ret_key)
{
	struct key *key = calloc(1, sizeof(*key));
	struct note_verifier *verifier;
	int err = key ? read_pair(path, &key->pair) : -ENOMEM;

	if (err == 0 && !note_name_is_good(name))
		err = tell(0, name, "a key's name has neither blanks nor \"+\"");
	if (err < 0) {
		key_free(key);
		return err;
	}
	verifier = &key->verifier;
	snprintf(verifier->name, sizeof(verifier->name), "%s", name);
	verifier->type = type;
	verifier->key_bytes = ED25519_BYTES;
	if (EVP_PKEY_get_raw_public_key(key->pair, verifier->key, &verifier->key_bytes) != 1) {
		key_free(key);
		return tell(0, path, "the key has no public part");
	}
	verifier->id = note_key_id(name, verifier->type, verifier->key, verifier->key_bytes);
	*ret_key = key;
	return 0;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
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

int key_print_request(const struct key *key)
{
	X509_REQ *request = X509_REQ_new();
	int err = 0;

	if (!request || !name_subject(request, key->verifier.name))
		err = tell(0, key->verifier.name,
			   "a certificate is for corridor/<checkpoint>/<gateway>");
	else if (X509_REQ_set_pubkey(request, key->pair) != 1 ||
		 X509_REQ_sign(request, key->pair, NULL) <= 0 ||
		 PEM_write_X509_REQ(stdout, request) != 1)
		err = tell(-EIO, key->verifier.name, "the certificate request cannot be made");
	X509_REQ_free(request);
	return err;
}

const struct note_verifier *key_verifier(const struct key *key)
{
	return &key->verifier;
}

static int sign(const struct key *key, const char *text, size_t bytes,
		unsigned char signature[ED25519_SIGNATURE_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t count = ED25519_SIGNATURE_BYTES;
	int err = -EIO;

	if (context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
	    EVP_DigestSign(context, signature, &count, (const unsigned char *)text, bytes) == 1 &&
	    count == ED25519_SIGNATURE_BYTES)
		err = 0;
	EVP_MD_CTX_free(context);
	return err;
}

/* The text, an empty line and the signature's. */
static int write_note(const struct key *key, const char *text, int length, char *out, size_t size)
{
	unsigned char signature[ED25519_SIGNATURE_BYTES];
	int line, err;

	if (length < 0)
		return length;
	err = sign(key, text, (size_t)length, signature);
	if (err < 0)
		return err;
	memcpy(out, text, (size_t)length);
	out[length++] = '\n';
	line = note_sign_line(key->verifier.name, key->verifier.id, signature, sizeof(signature),
			      out + length, size - (size_t)length);
	return line < 0 ? line : length + line;
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
	unsigned char signature[COSIGNATURE_BYTES];
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
	memcpy(out, note, length + 1);
	line = note_sign_line(key->verifier.name, key->verifier.id, signature, sizeof(signature),
			      out + length, NOTE_BYTES - length);
	return line < 0 ? line : (int)length + line;
}
