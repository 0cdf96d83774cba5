#pragma once
#include <zlib.h>

// inflateInit2 and deflateInit2 are macros, which Swift does not see; 31 is the largest window behind a gzip header.
static inline int czlib_start_reading_gzip(z_stream *stream) { return inflateInit2(stream, 31); }
static inline int czlib_start_writing_gzip(z_stream *stream) {
    return deflateInit2(stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
}
