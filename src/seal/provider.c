/* provider: the four verbs, called through a provider's table.  What a provider does is in its own file. */
#include "seal/provider.h"

enum rc provider_generation_create(struct provider *p, uint32_t g, struct err *e)
{
	return p->ops->generation_create(p->self, g, e);
}

enum rc provider_generation_key(struct provider *p, uint32_t g, struct secret *out, struct err *e)
{
	return p->ops->generation_key(p->self, g, out, e);
}

enum rc provider_generation_destroy(struct provider *p, uint32_t g, struct err *e)
{
	enum rc rc = p->ops->generation_destroy(p->self, g, e);

	if (rc == RC_OK && g == p->generation)
		p->generation = g + 1;
	return rc;
}

void provider_close(struct provider *p)
{
	if (p == NULL)
		return;
	p->ops->close(p->self);
	mem_free(p);
}
