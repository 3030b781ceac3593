#include "readers/http_access.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "net/secret.h"

#define REALM	"corridord"
#define NONCE_S 300

/* ---- answers --------------------------------------------------------------------------- */

/* text lives as long as the configuration. The library reads it, though it asks for more. */
static struct MHD_Response *response_of(const char *text)
{
	const union {
		const char *text;
		void *bytes;
	} body = {.text = text};

	return MHD_create_response_from_buffer(strlen(text), body.bytes, MHD_RESPMEM_PERSISTENT);
}

result access_answer(struct MHD_Connection *connection, unsigned status, const char *challenge)
{
	struct MHD_Response *response = response_of("");
	result done = MHD_NO;

	if (!response)
		return MHD_NO;
	if (challenge)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      challenge);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (status >= 400)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	done = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return done;
}

result access_answer_well(struct MHD_Connection *connection, const char *text)
{
	struct MHD_Response *response = text ? response_of(text) : NULL;
	result done;

	if (!text)
		return access_answer(connection, MHD_HTTP_OK, NULL);
	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	done = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return done;
}

/* ---- who posts ------------------------------------------------------------------------- */

/* As a socket of both families shows addresses of IPv4. */
static void write_address(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	text[0] = '\0';
	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
	if (strncmp(text, "::ffff:", 7) == 0)
		memmove(text, text + 7, strlen(text + 7) + 1);
}

bool access_lists(const struct conf_list *from, const struct sockaddr *who)
{
	char address[INET6_ADDRSTRLEN];

	write_address(who, address);
	for (size_t i = 0; i < from->count; i++)
		if (strcmp(from->item[i], address) == 0)
			return true;
	return from->count == 0;
}

bool access_is_from(const struct http_device_conf *conf, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return access_lists(&conf->from, info ? info->client_addr : NULL);
}

static bool read_secret(const struct readers *readers, const struct http_device_conf *conf,
			char secret[SECRET_BYTES])
{
	char path[SECRET_PATH_BYTES];

	return parent_secret_path(readers, conf->password_file, conf->password_credential, path,
				  sizeof(path)) &&
	       secret_read(path, secret) > 0;
}

/* In a time that does not tell how much of it is right. */
static bool is_same(const char *given, const char *secret)
{
	const size_t bytes = strlen(secret);
	unsigned char differs = strlen(given) != bytes;

	for (size_t i = 0; i < bytes; i++)
		differs |= (unsigned char)(secret[i] ^ given[i < strlen(given) ? i : 0]);
	return differs == 0;
}

static bool knows_basic(struct MHD_Connection *connection, const struct http_device_conf *conf,
			const char *secret)
{
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(connection, &password);
	const bool knows =
		user && password && strcmp(user, conf->username) == 0 && is_same(password, secret);

	MHD_free(user);
	MHD_free(password);
	return knows;
}

static bool knows_bearer(struct MHD_Connection *connection, const char *secret)
{
	const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_AUTHORIZATION);

	return header && strncasecmp(header, "Bearer ", 7) == 0 && is_same(header + 7, secret);
}

static result ask_digest(struct MHD_Connection *connection, bool is_stale)
{
	struct MHD_Response *response = response_of("");
	result done;

	if (!response)
		return MHD_NO;
	done = MHD_queue_auth_fail_response2(connection, REALM, REALM, response,
					     is_stale ? MHD_YES : MHD_NO, MHD_DIGEST_ALG_MD5);
	MHD_destroy_response(response);
	return done;
}

bool access_admits(struct readers *readers, const struct http_device_conf *conf,
		   struct MHD_Connection *connection, result *ret_done)
{
	char secret[SECRET_BYTES];
	bool knows = false, is_stale = false;

	if (conf->auth == HTTP_OPEN)
		return true;
	if (read_secret(readers, conf, secret)) {
		if (conf->auth == HTTP_BASIC) {
			knows = knows_basic(connection, conf, secret);
		} else if (conf->auth == HTTP_BEARER) {
			knows = knows_bearer(connection, secret);
		} else {
			const int digest =
				MHD_digest_auth_check2(connection, REALM, conf->username, secret,
						       NONCE_S, MHD_DIGEST_ALG_MD5);

			knows = digest == MHD_YES;
			is_stale = digest == MHD_INVALID_NONCE;
		}
	} else {
		parent_say(readers, true,
			   "the password of an endpoint cannot be read, nobody may post there");
	}
	explicit_bzero(secret, sizeof(secret));
	if (!knows)
		*ret_done = conf->auth == HTTP_DIGEST
				    ? ask_digest(connection, is_stale)
				    : access_answer(connection, MHD_HTTP_UNAUTHORIZED,
						    conf->auth == HTTP_BASIC
							    ? "Basic realm=\"" REALM "\""
							    : "Bearer");
	return knows;
}
