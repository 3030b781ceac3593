#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_CA_FOLDER "/etc/ssl/certs"
#define LOOK_BYTES	 4096 /* of a file, to see its form */

static void note(struct tls_trouble *trouble, const char *cure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct tls_trouble *trouble, const char *cure, const char *format, ...)
{
	va_list arguments;

	if (trouble->message[0])
		return;
	trouble->cure = cure;
	va_start(arguments, format);
	vsnprintf(trouble->message, sizeof(trouble->message), format, arguments);
	va_end(arguments);
}

/* ---- the broker's certificate -------------------------------------------------------------- */

struct remedy {
	int code;
	const char *cure;
};

static const char *cure_of(const struct remedy *remedies, int code)
{
	while (remedies->cure && remedies->code != code)
		remedies++;
	return remedies->cure;
}

#define OTHER_AUTHORITY "not issued by tls ca: the centre names the file that goes there"

static const struct remedy verdicts[] = {
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, OTHER_AUTHORITY},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, OTHER_AUTHORITY},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, OTHER_AUTHORITY},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, OTHER_AUTHORITY},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, OTHER_AUTHORITY},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, "not issued by tls ca, but by another of its name"},
	{X509_V_ERR_CERT_HAS_EXPIRED, "renew the broker's, or this clock is wrong"},
	{X509_V_ERR_CERT_NOT_YET_VALID, "this clock is wrong, or it is not valid yet"},
	{X509_V_ERR_HOSTNAME_MISMATCH, "the certificate is for another name than host"},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, "the certificate is for another name than host"},
	{X509_V_ERR_INVALID_PURPOSE, "it is not one for a server"},
	{X509_V_ERR_CERT_REVOKED, "tls crl names it: give the broker another one"},
	{X509_V_ERR_UNABLE_TO_GET_CRL, "tls crl has no list of the broker's issuer"},
	{X509_V_ERR_CRL_HAS_EXPIRED, "renew tls crl, or this clock is wrong"},
	{X509_V_ERR_CRL_NOT_YET_VALID, "this clock is wrong, or tls crl is not valid yet"},
	{X509_V_ERR_CRL_SIGNATURE_FAILURE, "tls crl is not of the broker's issuer"},
	{0, NULL},
};

static struct tls_trouble *trouble_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int look_at_certificate(int good, X509_STORE_CTX *store)
{
	const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
	const int verdict = X509_STORE_CTX_get_error(store);

	if (!good)
		note(trouble_of(X509_STORE_CTX_get_ex_data(store, index)),
		     cure_of(verdicts, verdict), "certificate verify failed: %s",
		     X509_verify_cert_error_string(verdict));
	return good;
}

/* ---- alerts -------------------------------------------------------------------------------- */

static const struct remedy theirs[] = {
	{SSL_AD_HANDSHAKE_FAILURE,
	 "does the broker ask for tls cert? have both a cipher in common?"},
	{SSL_AD_BAD_CERTIFICATE, "the broker does not accept tls cert"},
	{SSL_AD_UNSUPPORTED_CERTIFICATE, "the broker does not accept tls cert"},
	{SSL_AD_CERTIFICATE_REVOKED, "tls cert was revoked: have another one issued"},
	{SSL_AD_CERTIFICATE_EXPIRED, "renew tls cert"},
	{SSL_AD_CERTIFICATE_UNKNOWN, "the broker does not accept tls cert"},
	{SSL_AD_UNKNOWN_CA, "the broker does not know the issuer of tls cert"},
	{SSL_AD_ACCESS_DENIED, "the broker does not let tls cert in"},
	{SSL_AD_DECRYPT_ERROR, "tls key does not belong to tls cert"},
	{SSL_AD_PROTOCOL_VERSION, "the broker speaks neither TLS 1.2 nor 1.3"},
	{SSL_AD_UNRECOGNIZED_NAME, "the broker has no certificate for host"},
	{TLS13_AD_CERTIFICATE_REQUIRED, "the broker asks for tls cert and tls key"},
	{0, NULL},
};

#define NO_TLS "the broker speaks no TLS on this port, or none since 1.2"

static const struct remedy ours[] = {
	{SSL_AD_UNEXPECTED_MESSAGE, NO_TLS}, {SSL_AD_RECORD_OVERFLOW, NO_TLS},
	{SSL_AD_DECODE_ERROR, NO_TLS},	     {SSL_AD_PROTOCOL_VERSION, NO_TLS},
	{SSL_AD_HANDSHAKE_FAILURE, NO_TLS},  {0, NULL},
};

static void hear_alert(const SSL *ssl, int where, int value)
{
	const int alert = value & 0xff;

	if (!(where & SSL_CB_ALERT) || value >> 8 != SSL3_AL_FATAL)
		return;
	if (where & SSL_CB_READ)
		note(trouble_of(ssl), cure_of(theirs, alert), "the broker refuses: %s",
		     SSL_alert_desc_string_long(value));
	else if (!SSL_is_init_finished(ssl))
		note(trouble_of(ssl), cure_of(ours, alert), "what the broker says is no answer: %s",
		     SSL_alert_desc_string_long(value));
	else
		note(trouble_of(ssl), "it was altered on its way", "what came is damaged: %s",
		     SSL_alert_desc_string_long(value));
}

/* ---- files --------------------------------------------------------------------------------- */

/* A file, as it is meant and as it may be by mistake. */
struct file {
	const char *option, *path;
	const char *what; /* "certificate" */
	const char *from_der; /* the cure of one that is not PEM */
};

static const char *no_such_form(const struct file *file, const char *bytes, size_t count)
{
	if (count > 2 && bytes[0] == 0x30 && ((bytes[1] & 0x80) || bytes[2] == 0x02))
		return file->from_der; /* a sequence */
	if (memmem(bytes, count, "ENCRYPTED", strlen("ENCRYPTED")))
		return "it is encrypted, and nobody here can unlock it: openssl pkey -in OLD -out NEW";
	return NULL;
}

/* The library says only that something is wrong, so each file is looked at beforehand. */
static bool has_form(const struct file *file, struct tls_trouble *trouble)
{
	char bytes[LOOK_BYTES], text[64];
	const char *cure;
	ssize_t count;
	int fd;

	if (!file->path)
		return true;
	fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	count = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	if (count < 0 && errno != EISDIR)
		note(trouble, "check the file and who may read it", "cannot read %s %.256s: %s",
		     file->option, file->path, strerror_r(errno, text, sizeof(text)));
	if (fd >= 0)
		close(fd);
	cure = count > 0 ? no_such_form(file, bytes, (size_t)count) : NULL;
	explicit_bzero(bytes, sizeof(bytes));
	if (cure)
		note(trouble, cure, "%s is no plain PEM", file->option);
	return !trouble->message[0];
}

static bool refuse(const struct file *file, struct tls_trouble *trouble)
{
	note(trouble, "give it one that begins with -----BEGIN", "%s holds no %s in PEM",
	     file->option, file->what);
	ERR_clear_error();
	return false;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool trust(SSL_CTX *context, const struct uplink_conf *conf, struct tls_trouble *trouble)
{
	const struct file ca = {
		.option = "tls ca",
		.path = conf->tls_ca ? conf->tls_ca : SYSTEM_CA_FOLDER,
		.what = "certificate",
		.from_der = "it is DER: openssl x509 -inform der -in OLD -out NEW",
	};
	const bool folder = is_folder(ca.path);

	if (!has_form(&ca, trouble))
		return false;
	return SSL_CTX_load_verify_locations(context, folder ? NULL : ca.path,
					     folder ? ca.path : NULL) == 1 ||
	       refuse(&ca, trouble);
}

/* The list is of the issuers of brokers' certificates, in a file that may hold several. */
static bool take_crl(SSL_CTX *context, const struct uplink_conf *conf, struct tls_trouble *trouble)
{
	const struct file crl = {
		.option = "tls crl",
		.path = conf->tls_crl,
		.what = "revocation list",
		.from_der = "it is DER: openssl crl -inform der -in OLD -out NEW",
	};
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	X509_LOOKUP *lookup;

	if (!crl.path)
		return true;
	if (!has_form(&crl, trouble))
		return false;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (!lookup || X509_load_crl_file(lookup, crl.path, X509_FILETYPE_PEM) < 1)
		return refuse(&crl, trouble);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return true;
}

/* An encrypted key must not make OpenSSL ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *data)
{
	(void)buffer, (void)size, (void)writing, (void)data;
	return 0;
}

static bool take_own(SSL_CTX *context, const struct uplink_conf *conf, struct tls_trouble *trouble)
{
	const struct file cert = {
		.option = "tls cert",
		.path = conf->tls_cert,
		.what = "certificate",
		.from_der = "it is DER: openssl x509 -inform der -in OLD -out NEW",
	};
	const struct file key = {
		.option = "tls key",
		.path = conf->tls_key,
		.what = "key",
		.from_der = "it is DER: openssl pkey -inform der -in OLD -out NEW",
	};

	if (!cert.path != !key.path)
		note(trouble, "set both or none", "tls cert and tls key belong together");
	if (!has_form(&cert, trouble) || !has_form(&key, trouble))
		return false;
	if (!cert.path)
		return true;
	SSL_CTX_set_default_passwd_cb(context, no_password);
	if (SSL_CTX_use_certificate_chain_file(context, cert.path) != 1)
		return refuse(&cert, trouble);
	if (SSL_CTX_use_PrivateKey_file(context, key.path, SSL_FILETYPE_PEM) != 1 &&
	    ERR_GET_REASON(ERR_peek_error()) != X509_R_KEY_VALUES_MISMATCH)
		return refuse(&key, trouble);
	if (SSL_CTX_check_private_key(context) != 1)
		note(trouble, "take the key with which the certificate was asked for",
		     "tls key does not belong to tls cert");
	ERR_clear_error();
	return !trouble->message[0];
}

/* ---- context ------------------------------------------------------------------------------- */

static bool expect(SSL_CTX *context, const char *host)
{
	X509_VERIFY_PARAM *expected = SSL_CTX_get0_param(context);

	if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1)
		return true;
	ERR_clear_error(); /* it is no address */
	X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(expected, host, 0) == 1;
}

static bool fill(SSL_CTX *context, const struct uplink_conf *conf, const char *host,
		 struct tls_trouble *trouble)
{
	SSL_CTX_set_app_data(context, trouble);
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, look_at_certificate);
	SSL_CTX_set_info_callback(context, hear_alert);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || !expect(context, host))
		note(trouble, NULL, "the TLS library does not do what it is asked");
	return !trouble->message[0] && trust(context, conf, trouble) &&
	       take_crl(context, conf, trouble) && take_own(context, conf, trouble);
}

SSL_CTX *tls_context(const struct uplink_conf *conf, const char *host, struct tls_trouble *trouble)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	*trouble = (struct tls_trouble){0};
	if (!context)
		note(trouble, NULL, "no memory");
	if (context && fill(context, conf, host, trouble))
		return context;
	SSL_CTX_free(context);
	return NULL;
}
