/* profile/label_sort.h - puts the labels of one sample into the order of model.h: strings first, then by key text, stable.
 */
#ifndef PP_PROFILE_LABEL_SORT_H
#define PP_PROFILE_LABEL_SORT_H

#include "profile/model.h"

void pp_labels_sort(const struct pp_profile *p, struct pp_label *labels, size_t n);

#endif
