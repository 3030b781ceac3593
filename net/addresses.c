#include "net/addresses.h"

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* The library's lookup hands nothing through, so what it is to find stands here. */
static const char *offered;

static lookup *real_lookup(void)
{
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	lookup *real;

	memcpy(&real, &symbol, sizeof(real));
	return real;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	if (offered && !offered[0])
		return EAI_NONAME;
	return real_lookup()(offered ? offered : name, service, hints, result);
}

void addresses_offer(const char *address)
{
	offered = address;
}

int addresses_find(struct addresses *addresses, const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int rc = real_lookup()(name, NULL, &hints, &list);

	addresses->count = addresses->next = 0;
	if (rc != 0)
		return rc;
	for (const struct addrinfo *at = list; at && addresses->count < ADDRESSES_MAX;
	     at = at->ai_next)
		if (getnameinfo(at->ai_addr, at->ai_addrlen, addresses->text[addresses->count],
				ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0)
			addresses->count++;
	freeaddrinfo(list);
	return addresses->count > 0 ? 0 : EAI_NONAME;
}
