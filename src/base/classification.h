/* classification: how far a field, a record or a key's scope may be shown; the numbers are on disk in key rows. */
#ifndef BASE_CLASSIFICATION_H
#define BASE_CLASSIFICATION_H

enum classification {
	CLASS_NONE = 0, CLASS_PUBLIC = 1, CLASS_INTERNAL = 2, CLASS_CONFIDENTIAL = 3, CLASS_RESTRICTED = 4,
};

#endif
