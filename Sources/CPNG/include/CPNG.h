#pragma once
#include <stddef.h>
#include <stdint.h>

// libpng reports errors by longjmp, which must never cross Swift frames. These functions set the jump target
// themselves, so an error leaves them as a return value.

/// Length of the message buffers below, terminating zero included.
#define CPNG_MESSAGE_LENGTH 200

/// What the header of a PNG file says.
typedef struct cpng_header {
    uint32_t width;
    uint32_t height;
    /// 1, 2, 4, 8 or 16.
    uint8_t bit_depth;
    /// Channels after decoding: 1 (grey) or 3 (red, green, blue); alpha is left out, palettes are looked up.
    uint8_t channels;
    /// Bytes of a decoded sample: 1, or 2 (most significant byte first).
    uint8_t sample_bytes;
} cpng_header;

/// An open PNG in memory.
typedef struct cpng_reader cpng_reader;

/// Reads the chunks before the pixels. NULL on failure, with the reason in `message`. `bytes` must outlive the reader.
///
/// With `keeps_values` palettes are not looked up and grey of 1, 2 and 4 bits is not spread over 0 … 255.
cpng_reader *cpng_open(const uint8_t *bytes, size_t count, uint32_t largest_side, int keeps_values, cpng_header *header,
                       char *message);

/// The raw EXIF block, or NULL; valid until the reader is closed.
const uint8_t *cpng_exif(cpng_reader *reader, size_t *count);

/// Decodes all pixels, rows packed without padding, into `pixels` of `count` bytes. 0, or -1 with the reason in `message`.
int cpng_read(cpng_reader *reader, uint8_t *pixels, size_t count, char *message);

/// Frees everything.
void cpng_close(cpng_reader *reader);

/// Appends encoded bytes; returns 0, or -1 to stop.
typedef int (*cpng_sink)(void *context, const uint8_t *bytes, size_t count);

/// Encodes 8-bit grey (`channels` 1, no palette), palette indices (`channels` 1 and `palette_count` 1 … 256 of red, green,
/// blue triples) or RGB (`channels` 3). 0, or -1 with the reason in `message`.
int cpng_write(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t channels, const uint8_t *palette,
               uint32_t palette_count, void *context, cpng_sink sink, char *message);
