/* route: the table of route.def: which request goes to which handler, and who may.
 * Uses server/call.h. */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/call.h"

#define BIT(role) (1u << ROLE_##role)
enum { WHO_OPEN = 0, WHO_ADMIN = BIT(administrator),
	WHO_EVIDENCE = BIT(administrator) | BIT(compliance_manager) | BIT(control_owner),
	WHO_PROGRAM = WHO_EVIDENCE | BIT(manager), WHO_ALL = WHO_PROGRAM | BIT(employee) | BIT(auditor) | BIT(guest),
	WHO_HALF = 1u << 20 };

struct route {
	bool is_post;
	const char *pattern;
	uint32_t who;
	handler *run;
	const char *template, *api, *nav, *summary;
};
extern const struct route routes[];
extern const size_t routes_n;

/* What http.h calls. */
void route_request(void *server, const struct http_request *, struct http_reply *);
/* Whether the user may what a route of that mask does: asked again where data is read. */
bool call_may(const struct call *, uint32_t who);

#define ROUTE(method, pattern, who, run, template, api, nav, summary) handler run;
#include "server/route.def"
#undef ROUTE

#endif
