/* propose_match: which collections a sample could feed, with the reasons, written as a mapping. */
#include <string.h>

#include "collect/propose_priv.h"

enum { BEST = 3, ENOUGH = 9 };

/* What sources call the things that our fields hold: words of a path's last two names, the likeliest first. */
static const struct {
	const char *field, *names;
} synonyms[] = {
	{ "occurred_at", "event time|occurred at|login time|signin time|timestamp|event date|published|created at|created|time|date" },
	{ "granted_at", "granted at|assigned at|event time|timestamp|published|created at|created|time|date" },
	{ "raised_at", "raised at|triggered at|detected at|created at|created|timestamp|time" },
	{ "detected_at", "detected at|detected|started at|start time|created at|created" },
	{ "resolved_at", "resolved at|resolved|resolution date|resolutiondate|closed at|end time|outage finish" },
	{ "merged_at", "merged at|merge date|commit date|committed at|committed date" },
	{ "deployed_at", "deployed at|deployment time|released at|finished at|created at" },
	{ "created_at", "created at|created|creation time|create date|create time|date created|added at" },
	{ "last_login_at", "last login at|last login|last login time|lastlogin|last sign in at|last seen|password last used" },
	{ "disabled_at", "disabled at|deactivated at|suspended at|deleted at" },
	{ "rotated_at", "rotated at|last rotated|last changed date|last rotated at" },
	{ "expires_at", "expires at|expiry|expiration date|not after|expires|valid to" },
	{ "first_seen_at", "first seen at|first seen|first observed at|first found|first discovered|created at|created" },
	{ "fixed_at", "fixed at|resolved at|remediated at|date last fixed" },
	{ "due_at", "due at|due date|due|sla" },
	{ "started_at", "started at|start time|started|start time utc|begin|start" },
	{ "finished_at", "finished at|end time|finished|completed at|end time utc|end" },
	{ "completed_at", "completed at|completed|completion date|finished at|date completed" },
	{ "start_at", "start at|start date|hire date|hired at|date of hire" },
	{ "end_at", "end at|end date|termination date|terminated at|last day" },
	{ "effective_at", "effective at|termination date|terminated at|end date|last day|effective date" },
	{ "last_checkin_at", "last checkin at|last checkin|last seen|last sync time|last contact|last report date" },
	{ "captured_at", "captured at|timestamp|checked at|time" },
	{ "event_id", "event id|log id|uuid|record id|request id|id|guid" },
	{ "grant_id", "event id|grant id|assignment id|uuid|id" },
	{ "alert_id", "alert id|alertid|id|uuid" },
	{ "incident_id", "incident id|incident number|incident key|number|key|id" },
	{ "finding_id", "finding id|finding uid|vulnerability id|issue id|uid|id" },
	{ "scan_id", "scan id|scan uuid|id" },
	{ "change_id", "change id|change number|pull request number|number|iid|key|commit|sha|id" },
	{ "deployment_id", "deployment id|release id|id" },
	{ "account_id", "account id|user id|userid|user uid|uid|id|username|login" },
	{ "credential_id", "credential id|key id|access key id|token id|serial number|id" },
	{ "device_id", "device id|deviceid|serial number|udid|id" },
	{ "asset_id", "asset id|resource id|instance id|hostname|host|target|image" },
	{ "person_id", "employee id|person id|worker id|user email|email|email address|user principal name|upn|username|login|user" },
	{ "login_name", "login name|username|user name|login|email" },
	{ "email", "work email|email|email address|mail" },
	{ "name", "full name|display name|name|real name" },
	{ "title", "job title|business title|title|position" },
	{ "department", "department|org unit|team|cost center" },
	{ "manager_id", "manager id|manager email|manager" },
	{ "author", "author login|author username|author email|author|user login|created by" },
	{ "merged_by", "merged by login|merged by|committer|merge user username" },
	{ "approved_by", "approved by|approver|reviewer" },
	{ "approved_at", "approved at|approval date" },
	{ "granted_by", "granted by|actor email|actor login|actor|performed by|initiated by|assigned by" },
	{ "owner", "owner email|owner login|owner|assignee" },
	{ "system", "system|application|app name|application name|tenant|organization|repository full name|repo|"
	    "project|host|hostname" },
	{ "role", "role name|role|group name|permission|privilege|group" },
	{ "result", "result|outcome result|outcome|login status|event result" },
	{ "status", "status|state" },
	{ "severity", "severity|severity label|risk|priority" },
	{ "cve", "cve|cve id|cveid|vulnerability id" },
	{ "source_address", "source ip|source ip address|client ip|ip address|ipaddress|remote address|ip|ipaddr" },
	{ "method", "method|auth method|authentication method|factor|login type|credential type" },
	{ "mfa_enabled", "mfa enabled|mfa active|two factor enabled|has 2fa|is enrolled in2 sv|"
	    "two factor authentication enabled|mfa configured" },
	{ "second_factor", "mfa used|mfa|second factor" },
	{ "privileged", "is admin|privileged|admin|is privileged|administrator" },
	{ "disk_encrypted", "disk encrypted|encrypted|encryption enabled|filevault enabled|bitlocker" },
	{ "os", "os version|operating system|os|platform" },
	{ "environment", "environment|env|stage" },
	{ "commit_id", "merge commit sha|commit id|commit sha|sha|commit" },
	{ "rule", "rule name|rule|alert name|type|title" },
	{ "monitor", "monitor name|monitor|check name|check" },
	{ "course", "course name|course|training|training name" },
	{ "kind", "kind|type" },
};

/* A sample of a collection's kind has such words somewhere among its paths, values or in its name. */
static const struct {
	const char *collection, *words;
} signs[] = {
	{ "login", "login|logon|signin|sign in|authentication|auth|session start|console login" },
	{ "access_grant", "grant|granted|role assign|privilege|permission added|membership add|add member|role change" },
	{ "account", "mfa|two factor|last login|lastlogin|username|user name|is admin|suspended|account status|login name" },
	{ "person", "employee|worker|hire date|job title|department|manager" },
	{ "hire", "hire date|hired|onboard" },
	{ "termination", "termination|terminated|leaver|offboard|last day" },
	{ "change", "merged|merge request|pull request|merge commit|commit|change request" },
	{ "deployment", "deployment|deployed|release" },
	{ "vulnerability", "cve|vulnerability|vulnerabilities|cvss" },
	{ "scan_run", "scan id|scan start|scan status|scan type" },
	{ "incident", "incident|outage|postmortem" },
	{ "alert", "alert|triggered|detection" },
	{ "credential", "access key|api key|token expires|certificate|key id|secret name" },
	{ "endpoint", "device|serial number|disk encrypted|filevault|os version" },
	{ "backup_run", "backup|snapshot" },
	{ "training_completion", "course|training" },
	{ "probe", "uptime|latency|response time|http code" },
	{ "vendor", "vendor|supplier|subprocessor" },
	{ "risk", "risk owner|likelihood|impact|risk id" },
	{ "asset", "instance id|hostname|asset id|inventory" },
};

struct match {
	const struct leaf *leaf;
	unsigned strength;              /* 3: named alike; less down to 1 */
};

struct candidate {
	const struct collection *c;
	struct match *fields;
	unsigned score, matched;
	struct str sign;
};

/* Whether ${words}, " a b ", holds ${phrase} as whole words. */
static bool has_phrase(struct str words, struct str phrase)
{
	size_t from = 0;
	ptrdiff_t at;

	while ((at = str_find(str_sub(words, from, words.n), phrase)) >= 0) {
		size_t i = from + (size_t)at, end = i + phrase.n;

		if ((i == 0 || words.p[i - 1] == ' ') && (end == words.n || words.p[end] == ' '))
			return true;
		from = i + 1;
	}
	return false;
}

static bool fits_type(const struct field *f, const struct leaf *l)
{
	size_t most = l->given - l->given / 10;

	if (l->given == 0 || (l->in_list != (f->type == FIELD_LIST)))
		return false;
	switch (f->type) {
	case FIELD_TIMESTAMP:
	case FIELD_DATE:
		return l->times >= most;
	case FIELD_BOOL:
		return l->bools == l->given;
	case FIELD_INT:
		return l->integers == l->given;
	case FIELD_ENUM:
		return l->n_distinct < DISTINCT_MAX / 2 && l->times == 0 && l->emails == 0 && l->integers == 0;
	case FIELD_SUBJECT:
		return l->times == 0 && l->bools == 0 && l->addresses == 0;
	case FIELD_DIGEST:
	case FIELD_DECIMAL:
		return false;
	default:
		return l->times < l->given;
	}
}

/* The names of the field's list, "a|b|c", best first: 3 for the first three, 2 for the middle, 1 for the last. */
static unsigned name_strength(const char *names, const struct leaf *l)
{
	struct str rest = str_z(names);
	unsigned place;

	for (place = 0; rest.p != NULL; place++)
		if (has_phrase(l->words, str_cut(&rest, '|')))
			return place < 3 ? 3 : place < 6 ? 2 : 1;
	return 0;
}

static struct match best_leaf(const struct sample *s, const struct field *f)
{
	struct match best = { NULL, 0 };
	const char *names = NULL;
	char own[80];
	size_t i, k, best_depth = 0;

	(void)memset(own, 0, sizeof(own));
	for (i = 0; i < f->name.n && i < sizeof(own) - 1; i++)
		own[i] = f->name.p[i] == '_' ? ' ' : f->name.p[i];
	for (i = 0; i < ARRAY_LEN(synonyms) && names == NULL; i++)
		names = str_is(f->name, synonyms[i].field) ? synonyms[i].names : NULL;
	for (i = 0; i < s->n_leaves; i++) {
		const struct leaf *l = &s->leaves[i];
		unsigned strength;
		size_t depth = 0;

		if (!fits_type(f, l) || l->present * 2 < s->n ||
		    (f->type == FIELD_SUBJECT && (has_phrase(l->words, STR("agent")) || has_phrase(l->words, STR("type")))))
			continue;
		strength = has_phrase(l->words, str_z(own)) ? 4 : names != NULL ? name_strength(names, l) : 0;
		for (k = 0; k < l->path.n; k++)
			depth += l->path.p[k] == '.';
		if (strength > best.strength || (strength == best.strength && strength > 0 && depth < best_depth)) {
			best.leaf = l;
			best.strength = strength;
			best_depth = depth;
		}
	}
	return best;
}

static struct str sign_of(const struct sample *s, const struct collection *c)
{
	struct str rest, phrase, words;
	size_t i, k, d;
	struct buf b;

	for (i = 0; i < ARRAY_LEN(signs) && !str_is(c->name, signs[i].collection); i++)
		;
	if (i == ARRAY_LEN(signs))
		return STR_NONE;
	for (rest = str_z(signs[i].words); rest.p != NULL;) {
		phrase = str_cut(&rest, '|');
		for (k = 0; k < s->n_leaves; k++) {
			const struct leaf *l = &s->leaves[k];

			if (has_phrase(l->words, phrase))
				return arena_fmt(s->a, "\"%.*s\" in the name of %.*s", STR_FMT(phrase), STR_FMT(l->path));
			for (d = 0; l->n_distinct < DISTINCT_MAX && d < l->n_distinct; d++) {
				if (l->distinct[d].n > 60)
					continue;
				buf_init(&b, 4096);
				buf_c(&b, ' ');
				for (size_t x = 0; x < l->distinct[d].n; x++) {
					char ch = l->distinct[d].p[x];

					buf_c(&b, ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : (ch >= 'a' && ch <= 'z') ? ch : ' ');
				}
				buf_c(&b, ' ');
				words = arena_str(s->a, buf_view(&b));
				buf_done(&b);
				if (has_phrase(words, phrase))
					return arena_fmt(s->a, "\"%.*s\" in %.*s", STR_FMT(l->distinct[d]), STR_FMT(l->path));
			}
		}
	}
	return STR_NONE;
}

static bool is_one_of(const size_t *indices, size_t n, size_t index)
{
	size_t i;

	for (i = 0; i < n && indices[i] != index; i++)
		;
	return i < n;
}

/* A collection fits when a sign of it is there, its key and its time are found, and something beside. */
static void judge(const struct sample *s, const struct collection *c, struct candidate *out)
{
	bool has_period = c->n_period == 0;
	size_t i, keys = 0, needed = 0;

	memset(out, 0, sizeof(*out));
	out->c = c;
	out->sign = sign_of(s, c);
	if (out->sign.p == NULL)
		return;
	out->fields = ARENA_ARRAY(s->a, c->n_fields, struct match);
	for (i = 0; i < c->n_fields; i++) {
		const struct field *f = &c->fields[i];
		bool is_key = is_one_of(c->key, c->n_key, i), is_period = is_one_of(c->period, c->n_period, i);

		out->fields[i] = best_leaf(s, f);
		needed += is_key && !str_is(f->name, "system") && !str_is(f->name, "source");
		if (out->fields[i].leaf == NULL)
			continue;
		out->matched++;
		keys += is_key && !str_is(f->name, "system") && !str_is(f->name, "source");
		has_period = has_period || is_period;
		out->score += out->fields[i].strength + (is_key || is_period ? 2 : 0);
	}
	for (i = 0; i < c->n_fields; i++) {     /* what only resembles a name and is the key already is no second field */
		size_t k;

		for (k = 0; k < c->n_key && out->fields[i].leaf != NULL; k++)
			if (i != c->key[k] && out->fields[i].leaf == out->fields[c->key[k]].leaf && out->fields[i].strength < 3 &&
			    c->fields[i].type != FIELD_SUBJECT) {
				out->score -= out->fields[i].strength;
				out->matched--;
				out->fields[i].leaf = NULL;
			}
	}
	if (!has_period || keys < needed || out->matched < 3 || out->score < ENOUGH)
		out->score = 0;
}

/* ---- as YAML */
static void put_quoted(struct buf *b, struct str t)
{
	json_put_str(b, t);             /* a JSON string is one of YAML as well */
}

static void put_example(struct buf *b, const struct leaf *l)
{
	struct str t = str_sub(l->example, 0, 48);
	size_t bad;

	if (!str_utf8_valid(t, &bad))
		t.n = bad;
	buf_z(b, "  # such as ");
	put_quoted(b, t);
}

/* "SUCCESS", "Successful" and "success" are one word. */
static bool same_word(struct str theirs, struct str ours)
{
	size_t i;

	for (i = 0; i < ours.n; i++)
		if (i >= theirs.n || (theirs.p[i] | 32) != (ours.p[i] | 32))
			return false;
	return true;
}

static void put_field(struct buf *b, const struct field *f, const struct match *m)
{
	const struct leaf *l = m->leaf;
	bool subject = f->type == FIELD_SUBJECT || (f->type == FIELD_LIST && f->item_type == FIELD_SUBJECT);
	size_t i;

	buf_fmt(b, "      %.*s: {path: ", STR_FMT(f->name));
	put_quoted(b, l->path);
	if (subject)
		buf_z(b, l->emails * 2 > l->given ? ", subject: email" : ", subject: vendor.login");
	if (f->type == FIELD_ENUM) {
		buf_z(b, ", words: {");
		for (i = 0; i < l->n_distinct; i++) {
			struct str to = f->words[0];
			size_t k;
			bool same = false;

			for (k = 0; k < f->n_words && !same; k++) {
				same = same_word(l->distinct[i], f->words[k]);
				to = same ? f->words[k] : to;
			}
			buf_z(b, i > 0 ? ", " : "");
			put_quoted(b, l->distinct[i]);
			if (same)
				buf_fmt(b, ": %.*s", STR_FMT(to));
			else
				buf_z(b, ": null");
		}
		buf_c(b, '}');
	}
	buf_c(b, '}');
	put_example(b, l);
	if (m->strength < 3)
		buf_z(b, "; UNCERTAIN: its name only resembles this");
	else if (f->type == FIELD_ENUM)
		buf_z(b, "; CHECK: what each word means");
	else if (subject && l->emails * 2 <= l->given)
		buf_z(b, "; CHECK: name the kind of this identity");
	buf_c(b, '\n');
}

static void put_item(struct buf *b, const struct candidate *c)
{
	size_t i;

	buf_fmt(b, "  # %.*s: %.*s; %u of its fields are found.\n", STR_FMT(c->c->name), STR_FMT(c->sign), c->matched);
	if (c->c->n_period == 0)
		buf_z(b, "  # It is a listing: each file is how things stood at one time (--extracted-at), and what is missing is gone.\n");
	buf_fmt(b, "  - collection: %.*s\n    fields:\n", STR_FMT(c->c->name));
	for (i = 0; i < c->c->n_fields; i++) {
		const struct field *f = &c->c->fields[i];
		bool is_key = is_one_of(c->c->key, c->c->n_key, i);

		if (c->fields[i].leaf != NULL)
			put_field(b, f, &c->fields[i]);
		else if (is_key && (str_is(f->name, "system") || str_is(f->name, "source")))
			buf_fmt(b, "      %.*s: {const: vendor}  # CHECK: name the system that these are of\n", STR_FMT(f->name));
	}
	buf_z(b, "      # not found:");
	for (i = 0; i < c->c->n_fields; i++)
		if (c->fields[i].leaf == NULL && !is_one_of(c->c->key, c->c->n_key, i))
			buf_fmt(b, " %.*s", STR_FMT(c->c->fields[i].name));
	buf_z(b, "\n");
}

static bool is_used(const struct candidate *all, size_t n, const struct leaf *l)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < all[i].c->n_fields; k++)
			if (all[i].fields[k].leaf == l)
				return true;
	return false;
}

static void put_head(struct buf *b, const struct sample *s, const struct source_input *in)
{
	const struct leaf *identity = NULL;
	size_t i, n = 0;

	buf_fmt(b, "# Proposed from %.*s: %zu record%s looked at%s.  It is a guess from names and values: read it, correct it,"
	    " and try it\n"
	    "# with: tickmark source test THIS.yaml FILE\nkind: mapping\nsource: vendor.stream  # CHECK: name it\ntitle: ",
	    STR_FMT(in->file), s->n, s->n == 1 ? "" : "s", s->is_cut ? ", there are more" : "");
	put_quoted(b, arena_fmt(s->a, "Records such as %.*s", STR_FMT(in->file)));
	buf_fmt(b, "\nshapes:\n  - reads: %s\n", s->reads);
	if (s->elements.n > 0) {
		buf_z(b, "    elements: ");
		put_quoted(b, s->elements);
		buf_z(b, "\n");
	}
	buf_z(b, "    detect: [");
	for (i = 0; i < s->n_leaves && n < 4; i++) {
		const struct leaf *l = &s->leaves[i];

		if (l->present < s->n || l->in_list)
			continue;
		buf_z(b, n++ > 0 ? ", " : "");
		put_quoted(b, l->path);
	}
	buf_z(b, "]  # these are in every record; CHECK: keep those that tell this source from others\n");
	for (i = 0; i < s->n_leaves; i++) {
		const struct leaf *l = &s->leaves[i];

		if (identity != NULL && l->path.n >= identity->path.n)
			continue;
		if (l->given == s->n && s->n > 2 && !l->in_list && l->times == 0 && (has_phrase(l->words, STR("id")) ||
		    has_phrase(l->words, STR("uuid"))) && (l->n_distinct == s->n || l->n_distinct == DISTINCT_MAX))
			identity = l;
	}
	if (identity != NULL) {
		buf_z(b, "identity: [");
		put_quoted(b, identity->path);
		buf_z(b, "]  # CHECK: the source's own id of a record, never the same twice\n");
	}
}

enum rc sample_match(const struct sample *s, const struct schema *schema, const struct source_input *in, struct buf *b,
    struct err *e)
{
	struct candidate best[BEST], c;
	size_t i, k, n = 0, told = 0;

	if (s->n == 0 || s->n_leaves == 0)
		return err_set(e, RC_INVALID, "there are no records in it with anything to read");
	for (i = 0; i < schema->n; i++) {
		if (schema->collections[i]->is_derived)
			continue;
		judge(s, schema->collections[i], &c);
		if (c.score == 0)
			continue;
		for (k = n; k > 0 && best[k - 1].score < c.score; k--)
			if (k < BEST)
				best[k] = best[k - 1];
		if (k < BEST) {
			best[k] = c;
			n += n < BEST;
		}
	}
	if (n == 0)
		return err_set(e, RC_INVALID, "it holds %zu record%s with %zu fields (%.*s, …), but they fit no collection: for none "
		    "are its key, its time and a sign of its kind there.  A mapping can be written by hand (docs/formats/mapping.md), or a "
		    "table whose columns have the names of a collection's fields be taken in as csv:COLLECTION",
		    s->n, s->n == 1 ? "" : "s", s->n_leaves, STR_FMT(s->leaves[0].path));
	put_head(b, s, in);
	buf_z(b, "items:\n");
	put_item(b, &best[0]);
	for (i = 1; i < n; i++)
		buf_fmt(b, "# It could feed %.*s as well: %.*s; %u fields.\n", STR_FMT(best[i].c->name),
		    STR_FMT(best[i].sign), best[i].matched);
	for (i = 0; i < s->n_leaves && told < 30; i++) {
		if (is_used(best, 1, &s->leaves[i]) || s->leaves[i].given == 0)
			continue;
		if (told++ == 0)
			buf_z(b, "# Not used:\n");
		buf_z(b, "#   ");
		put_quoted(b, s->leaves[i].path);
		put_example(b, &s->leaves[i]);
		buf_z(b, "\n");
	}
	return buf_ok(b, "the proposal", e);
}
