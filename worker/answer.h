/*
 * answer.h: what a child says at its end, made fit for the database.
 */
#ifndef SH_WORKER_ANSWER_H
#define SH_WORKER_ANSWER_H

#include <stdbool.h>

#include "frame.h"
#include "job.h"
#include "run.h"

/*
 * Reads the fields of a DONE frame: succeeded, error, status, number of headers, their names and
 * values, body. Fills problem with the error's text, and headers, body and status of the outcome.
 * An answer that no HTTP server may give is a failure of the program, which problem describes.
 * False: the frame is not as it should be.
 */
extern bool
wk_answer_read(WkFields *fields, bool *succeeded, char problem[WK_ERROR_MAX], WkOutcome *outcome);

#endif
