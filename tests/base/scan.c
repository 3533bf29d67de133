/* The wide scans say what their byte-wise twins say, at every length and offset. */
#include "test.h"

#include "base/scan.h"

static void the_wide_scan_of_a_string_is_its_twin(void **ctx)
{
	static const unsigned char spice[] = { '"', '\\', 0x00, 0x1f, 0x20, 0x7f, 0x80, 0xc3, 0xff, 0x21, 0x23, 0x5b, 0x5d };
	char text[80];
	size_t from, n, at, k;

	(void)ctx;
	for (n = 0; n <= 50; n++) {
		for (at = 0; at <= n; at++) {
			for (k = 0; k < sizeof(spice) * sizeof(spice); k++) {
				for (from = 0; from < 3; from++) {
					char *exact = mem_alloc(from + n + 1);
					bool wide = false, narrow = false;
					size_t w, b;

					memset(text, 'a', sizeof(text));
					text[from + at] = (char)spice[k % sizeof(spice)];
					text[from + at / 2] = (char)spice[k / sizeof(spice)];
					memcpy(exact, text, from + n);
					exact = mem_resize(exact, from + n);    /* so that reading too far is seen */
					w = scan_json_string(exact + from, n, &wide);
					b = scan_json_string_bytes(exact + from, n, &narrow);
					if (w != b || wide != narrow)
						fail_msg("%zu bytes: wide %zu, narrow %zu", n, w, b);
					assert_int_equal(scan_ascii(exact + from, n), scan_ascii_bytes(exact + from, n));
					mem_free(exact);
				}
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wide_scan_of_a_string_is_its_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
