/* base/unicode.h - general categories of runes (Unicode 15.0, the version of Go 1.26).
 *
 * May run: everywhere (one binary search in a constant table).
 */
#ifndef PP_BASE_UNICODE_H
#define PP_BASE_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* In the order of the table's values; 1u << category gives a set. */
enum pp_unicode_category {
    PP_UNICODE_CN,
    PP_UNICODE_LU,
    PP_UNICODE_LL,
    PP_UNICODE_LT,
    PP_UNICODE_LM,
    PP_UNICODE_LO,
    PP_UNICODE_MN,
    PP_UNICODE_MC,
    PP_UNICODE_ME,
    PP_UNICODE_ND,
    PP_UNICODE_NL,
    PP_UNICODE_NO,
    PP_UNICODE_PC,
    PP_UNICODE_PD,
    PP_UNICODE_PS,
    PP_UNICODE_PE,
    PP_UNICODE_PI,
    PP_UNICODE_PF,
    PP_UNICODE_PO,
    PP_UNICODE_SM,
    PP_UNICODE_SC,
    PP_UNICODE_SK,
    PP_UNICODE_SO,
    PP_UNICODE_ZS,
    PP_UNICODE_ZL,
    PP_UNICODE_ZP,
    PP_UNICODE_CC,
    PP_UNICODE_CF,
    PP_UNICODE_CO,
    PP_UNICODE_CS,
    PP_UNICODE_CATEGORIES
};

#define PP_UNICODE_RANGE(from, to) ((2u << (to)) - (1u << (from)))
#define PP_UNICODE_L PP_UNICODE_RANGE(PP_UNICODE_LU, PP_UNICODE_LO)
#define PP_UNICODE_M PP_UNICODE_RANGE(PP_UNICODE_MN, PP_UNICODE_ME)
#define PP_UNICODE_N PP_UNICODE_RANGE(PP_UNICODE_ND, PP_UNICODE_NO)
#define PP_UNICODE_P PP_UNICODE_RANGE(PP_UNICODE_PC, PP_UNICODE_PO)
#define PP_UNICODE_S PP_UNICODE_RANGE(PP_UNICODE_SM, PP_UNICODE_SO)
#define PP_UNICODE_Z PP_UNICODE_RANGE(PP_UNICODE_ZS, PP_UNICODE_ZP)
#define PP_UNICODE_C (1u << PP_UNICODE_CN | PP_UNICODE_RANGE(PP_UNICODE_CC, PP_UNICODE_CS))

enum pp_unicode_category pp_unicode_category(uint32_t rune); /* above U+10FFFF: as unassigned */

/* The set named by one or two letters as Unicode writes them ("L", "Lu", "LC"); 0 for any other name. */
uint32_t pp_unicode_category_set(const char *name);

/* The table itself: runs of runes of one category, first rune << 8 | category, ascending; the last goes to U+10FFFF. */
const uint32_t *pp_unicode_runs(size_t *ret_n);

#endif
