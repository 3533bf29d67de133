/* box_parts: lengths that box.c and part.c share; nobody else needs them. */
#ifndef SEAL_BOX_PARTS_H
#define SEAL_BOX_PARTS_H

#include "seal/box.h"

#define BOX_CHUNK 32768u                        /* plaintext of a chunk, when there are several */
#define BOX_WHOLE_MAX 65536u                    /* padded plaintext that is sealed as one */
#define BOX_CONTENT_MAX ((uint64_t)1 << 30)     /* an uploaded file; records are capped lower, by their reader */
#define BOX_CLEAR_MAX ((uint64_t)16 << 20)

/* Ciphertexts and tags of ${padded_n} bytes. */
uint64_t box_stored_n(uint64_t padded_n);

#endif
