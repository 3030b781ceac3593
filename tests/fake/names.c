/* In the place of the name service, preloaded into the uplink's process: one name has one address,
 * another has two families of them. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	int rc;

	memcpy(&real, &symbol, sizeof(real));
	if (strcmp(name, "broker.example") == 0)
		return real("127.0.0.1", service, hints, result);
	if (strcmp(name, "two-families.example") != 0)
		return real(name, service, hints, result);
	rc = real("::1", service, hints, result);
	return rc ? rc : real("127.0.0.1", service, hints, &(*result)->ai_next);
}
