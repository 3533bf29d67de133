/* serving: what browsers send, and the templates that answer them. */
#include "targets.h"

#include <stdlib.h>

#include "base/value.h"
#include "server/form.h"
#include "server/template.h"

void fuzz_form(struct arena *a, struct str s)
{
	struct buf b;
	struct form f;
	struct err e;
	struct str back;
	size_t i;

	err_init(&e);
	if (form_decode(a, s, &f, &e) != RC_OK)
		return;
	buf_init(&b, 8 * s.n + 16);
	for (i = 0; i < f.n; i++) {                     /* what was read, written, is read as the same */
		buf_clear(&b);
		url_put(&b, f.p[i].value);
		if (!path_decode(a, buf_view(&b), &back) || !str_eq(back, f.p[i].value))
			abort();
	}
	buf_done(&b);
}

void fuzz_cookie(struct arena *a, struct str s)
{
	struct str v = cookie_get(s, "session");

	(void)a;
	if (v.p != NULL && (v.p < s.p || v.p + v.n > s.p + s.n || str_find(v, STR(";")) >= 0))
		abort();
}

void fuzz_template(struct arena *a, struct str s)
{
	const struct template_source t[] = { { STR("main"), s }, { STR("other"), STR("<{{b}}>\n") } };
	const struct value *doc;
	struct templates *made;
	struct buf b;
	struct err e;

	err_init(&e);
	if (json_parse(a, STR("{\"b\":\"<x>\",\"c\":1,\"d\":{\"e\":\"&\"},\"l\":[\"p\",{\"b\":2}],\"n\":null}"), &doc, &e) != RC_OK)
		abort();
	if (templates_load(a, t, 2, &made, &e) != RC_OK)
		return;
	buf_init(&b, 1 << 20);
	if (template_render(made, STR("main"), doc, &b, &e) != RC_OK && e.msg[0] == 0)
		abort();
	buf_done(&b);
}
