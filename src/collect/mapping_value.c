/* mapping_value: the source's text to a typed value: what cannot be read is null and in doubt, never a guess. */
#include <string.h>

#include "collect/mapping_priv.h"
#include "model/state.h"

/* The instants that base/time.h knows: years 0001 to 9999. */
static const int64_t first_us = -62135596800000000, last_us = 253402300799999999;

static bool since_1970(struct str text, enum unit unit, int64_t *us)
{
	int64_t v;

	switch (unit) {
	case UNIT_SECONDS:
		if (!num_decimal(text, us))             /* scaled by 10^6: microseconds */
			return false;
		break;
	case UNIT_MILLISECONDS:
		if (!num_decimal(text, &v))
			return false;
		*us = v / 1000;
		break;
	default:
		if (!num_i64(text, &v))
			return false;
		*us = unit == UNIT_NANOSECONDS ? v / 1000 : v;
	}
	return *us >= first_us && *us <= last_us;
}

void value_time(const struct zone *zone, enum unit unit, bool is_utc, struct str text, struct field_value *out)
{
	enum time_doubt d;

	if (unit != UNIT_NONE) {
		out->is_null = out->doubt = !since_1970(text, unit, &out->i);
		if (out->is_null)
			out->i = 0;
		return;
	}
	d = instant_parse(text, is_utc ? zone_utc() : zone, &out->i);
	out->doubt = d != TIME_SURE && !(d == TIME_NO_ZONE && is_utc);
	out->is_null = d == TIME_BAD;
}

static bool parse_bool(struct str t, int64_t *out)
{
	static const char *const yes[] = { "true", "yes", "1", "True", "TRUE", "Yes" };
	static const char *const no[] = { "false", "no", "0", "False", "FALSE", "No" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_is(t, yes[i]) || str_is(t, no[i])) {
			*out = str_is(t, yes[i]);
			return true;
		}
	}
	return false;
}

static bool word_of(const struct field *f, struct str t)
{
	size_t i;

	for (i = 0; i < f->n_words; i++)
		if (str_eq(f->words[i], t))
			return true;
	return false;
}

static bool lower_hex(struct str t)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (!((t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] >= 'a' && t.p[i] <= 'f')))
			return false;
	return t.n > 0;
}

bool value_identity(struct arena *a, struct str t, struct str *kind, struct str *identity)
{
	struct str rest = t;

	*kind = str_cut(&rest, ':');
	if (rest.p == NULL) {
		rest = t;
		*kind = str_find(t, STR("@")) >= 0 ? STR("email") : STR("name");
	}
	*identity = subject_normalize(a, rest);
	return identity->n > 0 && identity->n <= 4000 && kind->n > 0 && kind->n <= 64;
}

void value_scalar(struct arena *a, const struct zone *zone, const struct rule_field *r, enum field_type type, struct str t,
    struct field_value *out)
{
	struct str kind = r->kind;
	bool ok = true;

	switch (type) {
	case FIELD_STRING:
	case FIELD_TEXT:
	case FIELD_LIST:
		out->s = kind.n > 0 ? subject_normalize(a, t) : t;
		out->kind = kind;
		break;
	case FIELD_DIGEST:
		out->s = t;
		ok = lower_hex(t);
		break;
	case FIELD_INT:
		ok = num_i64(t, &out->i);
		break;
	case FIELD_DECIMAL:
		ok = num_decimal(t, &out->i);
		break;
	case FIELD_BOOL:
		ok = parse_bool(t, &out->i);
		break;
	case FIELD_DATE:
		ok = date_parse(t, &out->i);
		break;
	case FIELD_TIMESTAMP:
		value_time(zone, r->unit, r->is_utc, t, out);
		return;
	case FIELD_ENUM:
		out->s = t;
		ok = word_of(r->field, t);
		break;
	case FIELD_SUBJECT:
		if (r->kind_in_text) {
			out->is_null = out->doubt = !value_identity(a, t, &out->kind, &out->s);
			return;
		}
		out->kind = kind;
		out->s = subject_normalize(a, t);
		ok = out->s.n > 0 && out->s.n <= 4000;
		break;
	}
	if (!ok) {
		out->is_null = out->doubt = true;       /* it says something, and nobody can say what */
		out->i = 0;
	}
}
