/* propose: see propose.h. */
#include "collect/propose.h"

#include <string.h>

#include "collect/propose_priv.h"

enum rc propose_mapping(const struct schema *schema, const struct source_input *in, struct buf *out, struct err *e)
{
	struct arena *a = arena_new();
	struct sample s;
	enum rc rc = sample_read(a, in, &s, e);

	if (rc == RC_OK)
		rc = sample_match(&s, schema, in, out, e);
	arena_free(a);
	return rc;
}
