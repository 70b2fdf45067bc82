/* asset.h - the files of the pages, gzipped, as the build embedded them (web.h). */
#ifndef DASHBOARD_ASSET_H
#define DASHBOARD_ASSET_H

#include "dashboard/request.h"
#include "dashboard/response.h"

/*
 * Answer a path below /static/ (whose first part is the build's own hash: such a file never changes),
 * or any other with the one document that draws all pages: with status 404 where it is none of them.
 */
void asset_answer(const struct request *q, struct response *r);

#endif
