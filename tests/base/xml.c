/* XML becomes the same values as JSON; what is not well-formed, or wants more than a document's own bytes, is refused. */
#include "test.h"

#include "base/xml.h"

static void becomes(const char *text, const char *want)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;

	err_init(&e);
	if (xml_parse(a, str_z(text), &v, &e) != RC_OK)
		fail_msg("%s: %s", text, e.msg);
	buf_init(&b, 1 << 16);
	json_put_as_is(&b, v);
	if (!str_is(buf_view(&b), want))
		fail_msg("%s\n gave %.*s\n want %s", text, STR_FMT(buf_view(&b)), want);
	buf_done(&b);
	arena_free(a);
}

static void elements_are_values(void **ctx)
{
	(void)ctx;
	becomes("<a/>", "null");
	becomes("<a>\n  x y\r\n</a>", "\"x y\"");
	becomes("<a b='1' c=\"&lt;&#65;&#x1F600;&quot;\"/>", "{\"@b\":\"1\",\"@c\":\"<A\xf0\x9f\x98\x80\\\"\"}");
	becomes("<a b='1'>t<!-- c -->u<![CDATA[<v>&amp;]]></a>", "{\"@b\":\"1\",\"#text\":\"tu<v>&amp;\"}");
	becomes("<a><b>1</b><c/><b>2</b><b>3</b></a>", "{\"b\":[\"1\",\"2\",\"3\"],\"c\":null}");
	becomes("<x:a xmlns:x='u' xmlns='v' x:t='1'><x:b/><c><d>e</d></c></x:a>", "{\"@x:t\":\"1\",\"b\":null,\"c\":{\"d\":\"e\"}}");
	becomes("<a t='x\n\ty'>1\r2\r\n3<?pi x?></a>", "{\"@t\":\"x  y\",\"#text\":\"1\\n2\\n3\"}");
	becomes("<Event><System><EventID>4624</EventID><TimeCreated SystemTime='2024-01-01T00:00:00Z'/></System><EventData>"
	    "<Data Name='A'>x</Data><Data Name='B'/></EventData></Event>",
	    "{\"System\":{\"EventID\":\"4624\",\"TimeCreated\":{\"@SystemTime\":\"2024-01-01T00:00:00Z\"}},\"EventData\":{\"Data\":"
	    "[{\"@Name\":\"A\",\"#text\":\"x\"},{\"@Name\":\"B\"}]}}");
	becomes("<\xc3\xa9>\xc3\xa9</\xc3\xa9>", "\"\xc3\xa9\"");
}

static void what_is_no_xml_is_refused(void **ctx)
{
	static const char *const bad[] = { "", " ", "x", "<", "<a", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a/> ", "<a b></a>", "<a b=1/>",
		"<a b='1' b='2'/>", "<a b='1'c='2'/>", "<a b='<'/>", "<a>&nbsp;</a>", "<a>&</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>",
		"<a>]]></a>", "<a><!-- x</a>", "<a><![CDATA[x</a>", "<a>\x01</a>", "<a>\xff</a>", "<a>\xef\xbf\xbf</a>", "< a/>", "<1/>", "<a></a b='1'>",
		"<!DOCTYPE a><a/>", "<a><!DOCTYPE b [<!ENTITY c 'd'>]></a>", "<a><!ELEMENT b></a>", "<a>&#12" "a;</a>", "<a>&#;</a>", "<a><b></a></b>",
		"<a b='&amp'/>", "<a/b='1'>" };
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err_init(&e);
		if (xml_parse(a, str_z(bad[i]), &v, &e) != RC_INVALID)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	err_init(&e);
	assert_int_equal(xml_parse(a, STR("<a>\n<b>&x;</b></a>"), &v, &e), RC_INVALID);
	assert_true(strncmp(e.msg, "byte 7: ", 8) == 0);
	arena_free(a);
}

static void depth_and_number_are_bounded(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;
	int i, n;

	(void)ctx;
	err_init(&e);
	for (n = LIMIT_XML_DEPTH; n <= LIMIT_XML_DEPTH + 1; n++) {
		buf_init(&b, 1 << 20);
		for (i = 0; i <= n; i++)
			buf_z(&b, "<a>");
		for (i = 0; i <= n; i++)
			buf_z(&b, "</a>");
		assert_int_equal(xml_parse(a, buf_view(&b), &v, &e), n == LIMIT_XML_DEPTH ? RC_OK : RC_LIMIT);
		buf_done(&b);
	}
	buf_init(&b, 1 << 20);
	buf_z(&b, "<a");
	for (i = 0; i <= LIMIT_XML_ATTRIBUTES; i++)
		buf_fmt(&b, " b%d=''", i);
	buf_z(&b, "/>");
	assert_int_equal(xml_parse(a, buf_view(&b), &v, &e), RC_LIMIT);
	buf_clear(&b);
	buf_z(&b, "<a>");              /* many names and many of one name: sorted, not compared each with each */
	for (i = 0; i < 30000; i++)
		buf_fmt(&b, "<b%d/><c/>", i);
	buf_z(&b, "</a>");
	assert_ok(xml_parse(a, buf_view(&b), &v, &e), &e);
	assert_int_equal(v->n, 30001);
	assert_int_equal(value_get(v, "c")->n, 30000);
	assert_str(v->members[1].key, "c");
	buf_done(&b);
	arena_free(a);
}

static void places_are_those_of_the_text(void **ctx)
{
	static const char text[] = "<a b='x'><c>y</c><c/></a>";
	struct arena *a = arena_new();
	const struct value *v, *c;
	struct err e;

	(void)ctx;
	err_init(&e);
	assert_ok(xml_parse(a, STR("<a b='x'><c>y</c><c/></a>"), &v, &e), &e);
	assert_memory_equal(text + value_get(v, "@b")->at, "'x'", 3);
	assert_int_equal(value_get(v, "@b")->end - value_get(v, "@b")->at, 3);
	c = &value_get(v, "c")->items[0];
	assert_memory_equal(text + c->at, "<c>y</c>", 8);
	assert_int_equal(c->end - c->at, 8);
	assert_int_equal(v->end, sizeof(text) - 1);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_values),
		cmocka_unit_test(what_is_no_xml_is_refused),
		cmocka_unit_test(depth_and_number_are_bounded),
		cmocka_unit_test(places_are_those_of_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
