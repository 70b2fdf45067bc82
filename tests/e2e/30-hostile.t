#!/bin/bash
# timeout: 300
# The dashboard in a real browser, showing reports that are written against it.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

use_state hostile
new_dir "$work/mail"
chmod 777 "$work/mail"
node tests/e2e/hostile-mail.mjs "$work/mail"
result $? 'hostile mails are made'
ingest "$work/mail"
is "$status $(totals corrupt)" '0 0' 'and read'
serve
pages hostile
stop
verifies
done_testing
