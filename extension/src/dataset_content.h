/*
 * dataset_content.h: the bytes of a content, out of the rows of dataset_part and dataset_piece. Knows
 * neither datasets nor rights.
 */
#ifndef SH_DATASET_CONTENT_H
#define SH_DATASET_CONTENT_H

#include "sh_ext.h"

#include "utils/snapshot.h"

/* Bytes of each row of a part but its last: with its header such a row fills a page. */
#define SH_DATASET_PIECE 8100

/* Columns of selfhost.dataset_piece; the first three are its primary key. */
enum
{
	SH_PIECE_CONTENT = 1,
	SH_PIECE_PART,
	SH_PIECE_N,
	SH_PIECE_DATA,
	SH_PIECE_COLUMNS = SH_PIECE_DATA
};

typedef struct ShContent ShContent;

/*
 * Opens a content at its first byte. Memory comes from the current context; the snapshot is registered
 * until the end.
 */
extern ShContent *sh_content_open(int64 content, Snapshot snapshot);

/* Goes to a byte of a part: offset counts from the beginning of the part. */
extern void sh_content_seek(ShContent *content, int32 part, int64 offset);

/* Reads up to size bytes; fewer only at the end of the content. */
extern Size sh_content_read(ShContent *content, char *buffer, Size size);

/* Closes what is open. Memory goes with its context. */
extern void sh_content_close(ShContent *content);

/* The relation of the extension's schema that has this name. */
extern Oid sh_content_relation(const char *name);

/* XX001: the rows of the content do not have the bytes that they should. */
extern void sh_content_report_corrupted(int64 content);

#endif
