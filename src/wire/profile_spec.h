/* wire/profile_spec.h - the messages of profile.proto, one line a field: name, number, wire form.
 *
 * The one table of these numbers: encoder (wire/profile_enc), decoder (profile/decode) and their tests take them from here,
 * as PP_PB_<MESSAGE>_<FIELD>.  Wire forms: INT one varint; INTS varints, each with a tag or packed; TEXT bytes; MSG a message.
 * "string id" = index into string_table; "id" = any number but 0, chosen by the writer.
 */
#ifndef PP_WIRE_PROFILE_SPEC_H
#define PP_WIRE_PROFILE_SPEC_H

/* clang-format off */
#define PP_PB_PROFILE(X)                                                                                                \
    X(PROFILE, SAMPLE_TYPE, 1, MSG)          /* ValueType, repeated */                                                  \
    X(PROFILE, SAMPLE, 2, MSG)               /* repeated */                                                             \
    X(PROFILE, MAPPING, 3, MSG)              /* repeated; the first one is the main binary */                           \
    X(PROFILE, LOCATION, 4, MSG)             /* repeated */                                                             \
    X(PROFILE, FUNCTION, 5, MSG)             /* repeated */                                                             \
    X(PROFILE, STRING_TABLE, 6, TEXT)        /* repeated; the first one is "" */                                        \
    X(PROFILE, DROP_FRAMES, 7, INT)          /* string id: regexp */                                                    \
    X(PROFILE, KEEP_FRAMES, 8, INT)          /* string id: regexp */                                                    \
    X(PROFILE, TIME_NANOS, 9, INT)           /* start, since 1970 */                                                    \
    X(PROFILE, DURATION_NANOS, 10, INT)                                                                                 \
    X(PROFILE, PERIOD_TYPE, 11, MSG)         /* ValueType */                                                            \
    X(PROFILE, PERIOD, 12, INT)              /* events between two samples */                                           \
    X(PROFILE, COMMENT, 13, INTS)            /* string ids */                                                           \
    X(PROFILE, DEFAULT_SAMPLE_TYPE, 14, INT) /* string id; google/pprof writes it always */                             \
    X(PROFILE, DOC_URL, 15, INT)             /* string id */

#define PP_PB_VALUE_TYPE(X)                                                                                             \
    X(VALUE_TYPE, TYPE, 1, INT)              /* string id */                                                            \
    X(VALUE_TYPE, UNIT, 2, INT)              /* string id */

#define PP_PB_SAMPLE(X)                                                                                                 \
    X(SAMPLE, LOCATION_ID, 1, INTS)          /* leaf first */                                                           \
    X(SAMPLE, VALUE, 2, INTS)                /* one for each sample type */                                             \
    X(SAMPLE, LABEL, 3, MSG)                 /* repeated */

#define PP_PB_LABEL(X)                                                                                                  \
    X(LABEL, KEY, 1, INT)                    /* string id */                                                            \
    X(LABEL, STR, 2, INT)                    /* string id; either this ... */                                           \
    X(LABEL, NUM, 3, INT)                    /* ... or this */                                                          \
    X(LABEL, NUM_UNIT, 4, INT)               /* string id */

#define PP_PB_MAPPING(X)                                                                                                \
    X(MAPPING, ID, 1, INT)                                                                                              \
    X(MAPPING, MEMORY_START, 2, INT)                                                                                    \
    X(MAPPING, MEMORY_LIMIT, 3, INT)                                                                                    \
    X(MAPPING, FILE_OFFSET, 4, INT)                                                                                     \
    X(MAPPING, FILENAME, 5, INT)             /* string id */                                                            \
    X(MAPPING, BUILD_ID, 6, INT)             /* string id: hex digits */                                                \
    X(MAPPING, HAS_FUNCTIONS, 7, INT)                                                                                   \
    X(MAPPING, HAS_FILENAMES, 8, INT)                                                                                   \
    X(MAPPING, HAS_LINE_NUMBERS, 9, INT)                                                                                \
    X(MAPPING, HAS_INLINE_FRAMES, 10, INT)

#define PP_PB_LOCATION(X)                                                                                               \
    X(LOCATION, ID, 1, INT)                                                                                             \
    X(LOCATION, MAPPING_ID, 2, INT)                                                                                     \
    X(LOCATION, ADDRESS, 3, INT)                                                                                        \
    X(LOCATION, LINE, 4, MSG)                /* repeated; innermost inlined call first */                               \
    X(LOCATION, IS_FOLDED, 5, INT)

#define PP_PB_LINE(X)                                                                                                   \
    X(LINE, FUNCTION_ID, 1, INT)                                                                                        \
    X(LINE, LINE, 2, INT)                                                                                               \
    X(LINE, COLUMN, 3, INT)

#define PP_PB_FUNCTION(X)                                                                                               \
    X(FUNCTION, ID, 1, INT)                                                                                             \
    X(FUNCTION, NAME, 2, INT)                /* string id */                                                            \
    X(FUNCTION, SYSTEM_NAME, 3, INT)         /* string id: as in the symbol table */                                    \
    X(FUNCTION, FILENAME, 4, INT)            /* string id */                                                            \
    X(FUNCTION, START_LINE, 5, INT)

#define PP_PB_ENUM(message, field, number, form) PP_PB_##message##_##field = number,
enum pp_pb_field {
    PP_PB_PROFILE(PP_PB_ENUM) PP_PB_VALUE_TYPE(PP_PB_ENUM) PP_PB_SAMPLE(PP_PB_ENUM) PP_PB_LABEL(PP_PB_ENUM)
    PP_PB_MAPPING(PP_PB_ENUM) PP_PB_LOCATION(PP_PB_ENUM) PP_PB_LINE(PP_PB_ENUM) PP_PB_FUNCTION(PP_PB_ENUM)
};
#undef PP_PB_ENUM
/* clang-format on */

/* Wire types as they stand in a tag's low three bits. */
enum pp_pb_wire {
    PP_PB_WIRE_VARINT = 0,
    PP_PB_WIRE_64 = 1,
    PP_PB_WIRE_BYTES = 2,
    PP_PB_WIRE_32 = 5,
};

#endif
