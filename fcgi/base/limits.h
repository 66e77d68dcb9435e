/*
 * limits.h: every limit a user can meet: its value once, and what it means once.  /limits
 * prints the table, the README points here, and tests/unit/test_limits.c and the http tests have a
 * case at each limit and one past it.
 */
#ifndef ROWHOUSE_LIMITS_H
#define ROWHOUSE_LIMITS_H

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define LIMIT_CELL_BYTES MIB(16)
#define LIMIT_RECORD_BYTES MIB(64)
#define LIMIT_COLUMNS 2000
#define LIMIT_COLUMN_NAME_BYTES 1024
#define LIMIT_JSON_TREE_BYTES MIB(1)
#define LIMIT_JSON_STREAM_BYTES MIB(256)
#define LIMIT_JSON_DEPTH 64
#define LIMIT_PAGE_ROWS 1000
#define LIMIT_PAGE_BYTES MIB(4)
#define LIMIT_PAGE_CELL_BYTES KIB(4)
#define LIMIT_PREVIEW_ROWS 100
#define LIMIT_PREVIEW_LOOK_ROWS 20000
#define LIMIT_PREVIEW_LOOK_BYTES MIB(8)
#define LIMIT_PREVIEW_CELL_BYTES 1000
#define LIMIT_FILTER_BYTES KIB(16)
#define LIMIT_FILTER_DEPTH 64
#define LIMIT_SCAN_ROWS 50000
#define LIMIT_PROJECTION_BYTES GIB(1)
#define LIMIT_CHANGED_ROWS 10000
#define LIMIT_QUERY_BYTES MIB(256)
#define LIMIT_QUERY_MS 8000
#define LIMIT_FACET_COLUMNS 100
#define LIMIT_FACET_VALUES 100
#define LIMIT_FACET_BINS 100
#define LIMIT_LIST_ITEMS 100
#define LIMIT_UPLOAD_BYTES GIB(16)
#define LIMIT_UPLOAD_HOURS 72
#define LIMIT_UPLOADS_OPEN 1000
#define LIMIT_UPLOAD_METADATA_BYTES KIB(4)
#define LIMIT_UNPACKED_BYTES GIB(64)
#define LIMIT_UNPACK_WINDOW_BYTES MIB(128)
#define LIMIT_ARCHIVE_MEMBERS 10000
#define LIMIT_SHARED_STRINGS_BYTES MIB(256)
#define LIMIT_SHEETS 1000
#define LIMIT_FORM_FIELDS 1000
#define LIMIT_FORM_FIELD_BYTES MIB(1)
#define LIMIT_FORM_FILES 1000
#define LIMIT_PART_HEADER_BYTES KIB(8)
#define LIMIT_BOUNDARY_BYTES 70
#define LIMIT_PARAMETERS 200
#define LIMIT_URL_BYTES KIB(8)
#define LIMIT_NAME_CHARACTERS 100
#define LIMIT_DESCRIPTION_BYTES KIB(64)
#define LIMIT_FILE_NAME_BYTES 255
#define LIMIT_MAP_RADIUS_METERS 50000
#define LIMIT_FINDINGS 10000
#define LIMIT_FINDING_CODES 64
#define LIMIT_FINDING_CODE_BYTES 40
#define LIMIT_FINDING_BYTES KIB(4)
#define LIMIT_REQUEST_BYTES MIB(64)
#define LIMIT_REQUEST_MS 10000
#define LIMIT_PARKED_MS 120000
#define LIMIT_PARKED_REQUESTS 256
#define LIMIT_SESSION_SECONDS (12 * 3600)
#define LIMIT_SESSION_DAYS 7
#define LIMIT_LINK_HOURS 24
#define LIMIT_PASSWORD_LEAST 10
#define LIMIT_PASSWORD_MOST 128
#define LIMIT_SIGN_IN_WINDOW_SECONDS 900
#define LIMIT_SIGN_INS_PAIR 10
#define LIMIT_SIGN_INS_ACCOUNT 100
#define LIMIT_SIGN_INS_ADDRESS 50
#define LIMIT_KEYS 1000
#define LIMIT_USERS 1000
#define LIMIT_KEY_DATASETS 100
#define LIMIT_JOB_ATTEMPTS 2
#define LIMIT_CHANGE_ROWS 1000
#define LIMIT_EXPORT_HOURS 72
#define LIMIT_EXPORT_PARTS 20
#define LIMIT_EXPORT_NOTES 100
#define LIMIT_STATE_BYTES KIB(64)
#define LIMIT_ANSWER_BYTES MIB(4)
#define LIMIT_SCRATCH_BYTES GIB(1)
#define LIMIT_SCRATCH_TOTAL_BYTES GIB(4)
#define LIMIT_SCRATCH_FILES 20000
#define LIMIT_HOOK_SECONDS (24 * 3600)
#define LIMIT_CALL_SECONDS 110
#define LIMIT_SILENCE_SECONDS 60

/* X(name, unit, what it limits) */
#define LIMIT_TABLE(X)                                                                             \
	X(CELL_BYTES, "bytes", "one cell")                                                         \
	X(RECORD_BYTES, "bytes", "one record (line) of a file")                                    \
	X(COLUMNS, "columns", "one dataset")                                                       \
	X(COLUMN_NAME_BYTES, "bytes", "the name of a column")                                      \
	X(JSON_TREE_BYTES, "bytes", "a JSON request body that is read whole")                      \
	X(JSON_STREAM_BYTES, "bytes", "a JSON request body that is streamed")                      \
	X(JSON_DEPTH, "levels", "nested arrays and objects")                                       \
	X(PAGE_ROWS, "rows", "one page of rows")                                                   \
	X(PAGE_BYTES, "bytes", "one page of rows in our own API")                                  \
	X(PAGE_CELL_BYTES, "bytes", "a cell in our own pages before it is clipped")                \
	X(PREVIEW_ROWS, "rows", "the preview of a file")                                           \
	X(PREVIEW_LOOK_ROWS, "rows", "those a preview looks at for types and findings")            \
	X(PREVIEW_LOOK_BYTES, "bytes", "those of a file that a preview looks at")                  \
	X(PREVIEW_CELL_BYTES, "bytes", "a cell in a preview before it is clipped")                 \
	X(FILTER_BYTES, "bytes", "one filter expression")                                          \
	X(FILTER_DEPTH, "levels", "parentheses and not in a filter expression")                    \
	X(SCAN_ROWS, "rows", "a dataset that is looked at without projections")                    \
	X(PROJECTION_BYTES, "bytes", "the memory that making one projection takes")                \
	X(CHANGED_ROWS, "rows",                                                                    \
	    "those changed since a projection was made before it is made anew")                    \
	X(QUERY_BYTES, "bytes", "what one look at all rows sorts or counts")                       \
	X(QUERY_MS, "milliseconds", "one look at all rows")                                        \
	X(FACET_COLUMNS, "columns", "those counted in one request")                                \
	X(FACET_VALUES, "values", "the most frequent ones of a facet")                             \
	X(FACET_BINS, "bins", "the histogram of a facet")                                          \
	X(LIST_ITEMS, "items", "one page of a list")                                               \
	X(UPLOAD_BYTES, "bytes", "one upload")                                                     \
	X(UPLOAD_HOURS, "hours", "a resumable upload without a new byte before it is removed")     \
	X(UPLOADS_OPEN, "uploads", "resumable uploads of one organisation at once")                \
	X(UPLOAD_METADATA_BYTES, "bytes", "the header Upload-Metadata")                            \
	X(UNPACKED_BYTES, "bytes", "what a compressed file unpacks to")                            \
	X(UNPACK_WINDOW_BYTES, "bytes", "the memory a compressed file asks for")                   \
	X(ARCHIVE_MEMBERS, "files", "one ZIP archive or workbook")                                 \
	X(SHARED_STRINGS_BYTES, "bytes", "the texts that the sheets of a workbook share")          \
	X(SHEETS, "sheets", "one workbook")                                                        \
	X(FORM_FIELDS, "fields", "one form")                                                       \
	X(FORM_FIELD_BYTES, "bytes", "all the text fields of a form together")                     \
	X(FORM_FILES, "files", "one upload")                                                       \
	X(PART_HEADER_BYTES, "bytes", "the headers of one part of a form")                         \
	X(BOUNDARY_BYTES, "bytes", "the boundary of a form")                                       \
	X(PARAMETERS, "parameters", "the query of one request")                                    \
	X(URL_BYTES, "bytes", "the address of one request")                                        \
	X(NAME_CHARACTERS, "characters", "the name of a dataset")                                  \
	X(DESCRIPTION_BYTES, "bytes",                                                              \
	    "the description of a dataset or a column, or its default value")                      \
	X(FILE_NAME_BYTES, "bytes", "the name of an uploaded file")                                \
	X(MAP_RADIUS_METERS, "meters", "the radius of a map extraction")                           \
	X(FINDINGS, "findings", "those kept of one file, the rest are counted")                    \
	X(FINDING_CODES, "codes", "kinds of findings counted of one dataset, one for all others")  \
	X(FINDING_CODE_BYTES, "bytes", "the code of a finding")                                    \
	X(FINDING_BYTES, "bytes", "the text of a finding")                                         \
	X(REQUEST_BYTES, "bytes", "memory of one request")                                         \
	X(REQUEST_MS, "milliseconds", "one request that does not wait for a job")                  \
	X(PARKED_MS, "milliseconds", "one request that waits for a job")                           \
	X(PARKED_REQUESTS, "requests", "those waiting in one worker")                              \
	X(SESSION_SECONDS, "seconds", "a browser session that is not used")                        \
	X(SESSION_DAYS, "days", "a browser session, used or not")                                  \
	X(LINK_HOURS, "hours", "a link to sign in with, until it is used")                         \
	X(PASSWORD_LEAST, "characters", "a password, at least")                                    \
	X(PASSWORD_MOST, "characters", "a password, at most")                                      \
	X(SIGN_IN_WINDOW_SECONDS, "seconds", "the time failed sign-ins are counted in")            \
	X(SIGN_INS_PAIR, "attempts",                                                               \
	    "failed sign-ins of one account from one address in that time")                        \
	X(SIGN_INS_ACCOUNT, "attempts", "failed sign-ins of one account in that time")             \
	X(SIGN_INS_ADDRESS, "attempts",                                                            \
	    "failed sign-ins from one address (IPv6: /64) in that time")                           \
	X(KEYS, "keys", "one organisation, revoked ones not counted")                              \
	X(USERS, "users", "one organisation")                                                      \
	X(KEY_DATASETS, "datasets", "the scope of one key")                                        \
	X(JOB_ATTEMPTS, "attempts", "one job whose process died")                                  \
	X(CHANGE_ROWS, "rows", "one change of rows, and what one undo takes back")                 \
	X(EXPORT_HOURS, "hours", "a file that an export made, as long as the machine runs")        \
	X(EXPORT_PARTS, "files", "the split of one export")                                        \
	X(EXPORT_NOTES, "notes", "what is told of one export's cells, the rest are counted")       \
	X(STATE_BYTES, "bytes", "one value a plugin keeps")                                        \
	X(ANSWER_BYTES, "bytes", "the answer of a plugin's call or view")                          \
	X(SCRATCH_BYTES, "bytes", "a file a job writes in its scratch folder")                     \
	X(SCRATCH_TOTAL_BYTES, "bytes", "all that a job keeps in its scratch folder")              \
	X(SCRATCH_FILES, "files", "those a job keeps in its scratch folder, folders too")          \
	X(HOOK_SECONDS, "seconds", "one job of a plugin")                                          \
	X(CALL_SECONDS, "seconds", "one call of a plugin")                                         \
	X(SILENCE_SECONDS, "seconds", "a job that makes no progress before it is ended")

#endif
