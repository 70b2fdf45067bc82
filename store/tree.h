/* tree.h - a directory of ours and all below it. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "core/err.h"

/* Remove ${path}, following no link and entering no other file system; none is fine.  ERR_DATABASE. */
int tree_remove(const char *path, struct err *e);

#endif
