/* What the parts of show share, and what items lends them. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

MUST_USE enum rc show_entry(struct cli *, struct org *, uint64_t index, bool raw);
/* An item by its key: its fields, what the tests say of it, and the record or the items that it comes from. */
MUST_USE enum rc show_item(struct cli *, struct org *, struct str collection, struct str key);
/* "kind:identity": all that is held to be the same, and what joined each two. */
MUST_USE enum rc show_subject(struct cli *, struct org *, struct str identity);

/* "SELECT … FROM …" with the row's alias i and the columns of item_columns; what is computed is computed there. */
MUST_USE enum rc cli_item_rows(struct cli *, struct org *, const struct collection *, struct buf *sql);

#endif
