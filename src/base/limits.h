/* base: every ceiling of the program, one line of reason each.  Sizes are bytes unless named. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_RECORD      ((size_t)16 << 20)  /* raw record: docs/formats/ledger.md caps it */
#define LIMIT_FILE_READ   ((size_t)256 << 20) /* a whole file held in memory: definitions, rosters */
#define LIMIT_LINE        LIMIT_RECORD        /* a line is at most a record */
#define LIMIT_JSON_DEPTH  256                 /* nesting; real exports stay below 40 */
#define LIMIT_JSON_VALUES ((size_t)2 << 20)   /* values in one document: 80 bytes each bound the tree in memory */
#define LIMIT_YAML_DEPTH  64                  /* hand-written files */
#define LIMIT_YAML        LIMIT_RECORD        /* bytes: a roster read whole is a record */
#define LIMIT_YAML_VALUES ((size_t)1 << 20)
#define LIMIT_XML_DEPTH   128                 /* scanners' reports stay below 20 */
#define LIMIT_XML_ATTRIBUTES 256              /* of one element: each is compared with the others */
#define LIMIT_COLUMNS     4096                /* of a table */
#define LIMIT_EXPR        16384               /* an expression is something a person reads */
#define LIMIT_EXPR_DEPTH  64
#define LIMIT_PATH        4096                /* PATH_MAX of Linux */
#define LIMIT_REASON      1024                /* reason of a rejected record: docs/formats/ledger.md */

#endif
