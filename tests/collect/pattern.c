/* Lines of real logs are taken apart; patterns that could mean two things are refused. */
#include "test.h"

#include "base/time.h"
#include "collect/pattern.h"
#include "collect/reader.h"

/* The outputs of ${names}, with | between them; "-" for what is not there. */
static void reads(const char *pattern, const char *names, const char *line, const char *want)
{
	const int64_t near = 1731400000 * US_PER_SECOND;        /* 2024-11-12T08:26:40Z */
	struct arena *a = arena_new();
	struct str rest = str_z(names), out[64];
	size_t at[64], n = 0, i;
	struct pattern *p;
	struct err e;
	struct buf b;

	err_init(&e);
	assert_ok(pattern_compile(a, str_z(pattern), &p, &e), &e);
	while (rest.p != NULL) {
		at[n] = pattern_field(p, str_cut(&rest, ' '));
		assert_true(at[n] != SIZE_MAX);
		n++;
	}
	buf_init(&b, 1 << 16);
	if (!pattern_read(p, a, &near, str_z(line), out)) {
		buf_z(&b, "no");
	} else {
		for (i = 0; i < n; i++) {
			buf_z(&b, i > 0 ? "|" : "");
			if (out[at[i]].p == NULL)
				buf_z(&b, "-");
			else
				buf_str(&b, out[at[i]]);
		}
	}
	if (!str_is(buf_view(&b), want))
		fail_msg("%s\n over %s\n gave %.*s\n want %s", pattern, line, STR_FMT(buf_view(&b)), want);
	buf_done(&b);
	arena_free(a);
}

static void lines_of_logs_are_taken_apart(void **ctx)
{
	static const char apache[] = "{addr:text} {ident:text} {user:text} [{at:time apache}] {request:quoted} {status:int} {bytes:word -|0}"
	    " {referer:quoted} {agent:quoted}";
	static const char sshd[] = "{at:time syslog} {host:text} sshd[{pid:int}]: {result:word Accepted|Failed} {how:text} for {user:text} from "
	    "{addr:text} port {port:int} {rest:rest}";
	static const char audit[] = "type={type:text} msg=audit({at:time epoch}:{serial:int}): {kv:pairs}";

	(void)ctx;
	reads(apache, "addr user at request status agent",
	    "83.149.9.216 - - [17/May/2015:10:05:03 +0200] \"GET /a?b=\\\"c\\\" HTTP/1.1\" 200 - \"http://x/\" \"Mozilla/5.0 (\\x22q\\x22)\"",
	    "83.149.9.216|-|2015-05-17T08:05:03Z|GET /a?b=\"c\" HTTP/1.1|200|Mozilla/5.0 (\"q\")");
	reads(apache, "addr", "83.149.9.216 - - [17/Mai/2015:10:05:03 +0200] \"GET /\" 200 - \"\" \"\"", "no");
	reads(sshd, "at host pid result how user addr port rest",
	    "Nov 10 07:48:12 ip-10-77-20-248 sshd[23720]: Accepted publickey for ubuntu from 85.245.107.41 port 54259 ssh2: RSA SHA256:K",
	    "2024-11-10T07:48:12|ip-10-77-20-248|23720|Accepted|publickey|ubuntu|85.245.107.41|54259|ssh2: RSA SHA256:K");
	reads(sshd, "at user", "Nov  9 07:48:12 h sshd[1]: Failed password for invalid user x from ::1 port 2 ssh2", "2024-11-09T07:48:12|invalid user x");
	/* later than the file was read: the year before */
	reads(sshd, "at", "Dec 31 23:59:59 h sshd[1]: Failed password for root from ::1 port 2 ssh2", "2023-12-31T23:59:59");
	reads(audit, "type at serial kv.pid kv.acct kv.exe kv.msg kv.msg.op kv.msg.res kv.msg.acct kv.none",
	    "type=USER_LOGIN msg=audit(1605001692.123:456): pid=1234 uid=0 acct=\"root\" exe=\"/usr/sbin/sshd\" msg='op=login acct=\"a b\" "
	    "res=failed'",
	    "USER_LOGIN|2020-11-10T09:48:12.123Z|456|1234|root|/usr/sbin/sshd|op=login acct=\"a b\" res=failed|login|failed|a b|-");
	reads("{kv:pairs}", "kv.level kv.msg kv.http.method kv.last kv.dup",
	    "level=info bare, msg=\"a \\\"b\\\" c\" http.method=GET; dup=1 dup=2 last=", "info|a \"b\" c|GET||1");
	reads("{a:text}{b:int}{c:rest}", "a b c", "x-y-12-z", "x-y|-12|-z");
	reads("{a:text}{q:quoted}", "a q", "say \"hi\"", "say |hi");
	reads("{a:text} is {b:word up|upper|down}", "a b", "x is upper", "x|upper");
	reads("{a:text} is {b:word up|down}", "a b", "x is up ", "no");
	reads("{at:time iso} {m:rest}", "at m", "2024-06-30 23:59:59,25 +0200 x", "2024-06-30T21:59:59.25Z|x");
	reads("{at:time iso} {m:rest}", "at m", "2024-06-30T23:59 x", "2024-06-30T23:59:00|x");
	reads("{at:time %a %b %d %T %Y}", "at", "Mon Jun 24 01:02:03 2024", "2024-06-24T01:02:03");
	reads("{at:time epoch_ms}|", "at", "1605001692123|", "2020-11-10T09:48:12.123Z");
}

static void a_year_that_nobody_tells_stays_unknown(void **ctx)
{
	struct arena *a = arena_new();
	struct str out[4];
	struct pattern *p;
	int64_t near, us;
	struct err e;

	(void)ctx;
	err_init(&e);
	assert_ok(pattern_compile(a, STR("{at:time syslog} {m:rest}"), &p, &e), &e);
	assert_true(pattern_read(p, a, NULL, STR("Nov 10 07:48:12 x"), out));
	assert_str(out[0], "Nov 10 07:48:12");
	assert_int_equal(instant_parse(out[0], NULL, &us), TIME_BAD);
	/* 29 February: the last leap year; what is two days ahead is the clock's or the zone's fault */
	assert_int_equal(instant_parse(STR("2023-03-01T00:00:00Z"), NULL, &near), TIME_SURE);
	assert_true(pattern_read(p, a, &near, STR("Feb 29 00:00:00 x"), out));
	assert_str(out[0], "2020-02-29T00:00:00");
	assert_true(pattern_read(p, a, &near, STR("Mar  2 23:00:00 x"), out));
	assert_str(out[0], "2023-03-02T23:00:00");
	assert_true(pattern_read(p, a, &near, STR("Mar  3 00:00:01 x"), out));
	assert_str(out[0], "2022-03-03T00:00:01");
	assert_false(pattern_read(p, a, &near, STR("Feb 30 00:00:00 x"), out));
	assert_false(pattern_read(p, a, NULL, STR("Feb 30 00:00:00 x"), out));
	arena_free(a);
}

static void what_could_mean_two_things_is_refused(void **ctx)
{
	static const char *const bad[] = { "", "x", "{a", "{:text}", "{a:float}", "{a}{b}", "{a:text}{b:rest}", "{a:rest} x", "{a:pairs} {b}",
		"{a:text}{b:pairs}", "{a:text}{b:time syslog}", "{a:time}", "{a:time %Q}", "{a:time %H:%M}", "{a:time %b %e %T %z}",
		"{a:time %Y-%m-%d %I:%M}", "{a:word }", "{a} {a}", "{a:time %}" };
	struct arena *a = arena_new();
	struct pattern *p;
	struct err e;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err_init(&e);
		if (pattern_compile(a, str_z(bad[i]), &p, &e) != RC_INVALID || e.msg[0] == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	arena_free(a);
}

/* A megabyte that fits almost, for each kind: no going back, so no time lost. */
static void time_grows_with_the_text_alone(void **ctx)
{
	static const char *const patterns[] = { "{a:text}{b:int}!", "{a:text}{b:word aaaaaaaaab|ab}!", "{a:text}aaaaaaaab{b:text}", "{a:quoted}!",
		"{kv:pairs}", "{a:text} {b:text} {c:text} {d:text}!" };
	static const char fill[] = "a-\\\"= ";
	struct arena *a = arena_new();
	struct pattern *p;
	struct str out[8];
	struct err e;
	struct buf b;
	size_t i, k;

	(void)ctx;
	err_init(&e);
	for (k = 0; k < sizeof(fill) - 1; k++) {
		buf_init(&b, 1 << 21);
		buf_c(&b, '"');
		while (b.n < 1 << 20)
			buf_c(&b, fill[k]);
		for (i = 0; i < ARRAY_LEN(patterns); i++) {
			assert_ok(pattern_compile(a, str_z(patterns[i]), &p, &e), &e);
			(void)pattern_field(p, STR("kv.a.b.c"));
			(void)pattern_read(p, a, NULL, buf_view(&b), out);
		}
		buf_done(&b);
	}
	arena_free(a);
}

/* Whole files of public logs: as many lines fit as an independent expression counts, and each time of them is read. */
static void real_logs_fit_their_patterns(void **ctx)
{
	static const struct {
		const char *file, *pattern;
		size_t lines, fit;
	} logs[] = {
		{ "data/web_access/apache_logs.log.gz", "{addr:text} {ident:text} {user:text} [{at:time apache}] {request:quoted} {status:int} "
		    "{bytes:text} {referer:quoted} {agent:quoted}", 10000, 9999 },
		{ "data/linux_syslog/elastic_auth/auth.log.gz", "{at:time syslog} {host:text} sshd[{pid:int}]: {m:rest}", 7121, 4095 },
		{ "data/linux_auditd/audit_enriched.log", "type={type:text} msg=audit({at:time epoch}:{serial:int}): {kv:pairs}", 29, 29 },
	};
	const int64_t near = 1731400000 * US_PER_SECOND;
	struct arena *a, *line;
	struct str out[64];
	char path[1024];
	size_t i, lines, fit, at;

	(void)ctx;
	SKIP_WITHOUT_SHARED(logs[0].file, path);
	a = arena_new();
	line = arena_new();
	for (i = 0; i < ARRAY_LEN(logs); i++) {
		struct stream *s;
		struct reader *r;
		struct record rec;
		struct pattern *p;
		struct err e;
		bool more;
		int64_t us;

		SKIP_WITHOUT_SHARED(logs[i].file, path);
		err_init(&e);
		assert_ok(pattern_compile(a, str_z(logs[i].pattern), &p, &e), &e);
		at = pattern_field(p, STR("at"));
		(void)pattern_field(p, STR("kv.msg.res"));
		assert_ok(stream_open(path, &s, &e), &e);
		assert_ok(reader_open(s, READS_TEXT, STR_NONE, &r, &e), &e);
		for (lines = fit = 0;; lines++) {
			assert_ok(reader_next(r, &rec, &more, &e), &e);
			if (!more)
				break;
			arena_reset(line);
			if (!pattern_read(p, line, &near, rec.bytes, out))
				continue;
			fit++;
			assert_true(instant_parse(out[at], NULL, &us) != TIME_BAD);
		}
		reader_close(r);
		assert_int_equal(lines, logs[i].lines);
		assert_int_equal(fit, logs[i].fit);
	}
	arena_free(line);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_logs_are_taken_apart),
		cmocka_unit_test(a_year_that_nobody_tells_stays_unknown),
		cmocka_unit_test(what_could_mean_two_things_is_refused),
		cmocka_unit_test(time_grows_with_the_text_alone),
		cmocka_unit_test(real_logs_fit_their_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
