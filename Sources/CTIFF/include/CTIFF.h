#pragma once
#include <stddef.h>
#include <stdint.h>

/// Length of the message buffers below, terminating zero included.
#define CTIFF_MESSAGE_LENGTH 200

/// What one image of a TIFF file is, and how its samples are given by `ctiff_read`.
typedef struct ctiff_header {
    uint32_t width;
    uint32_t height;
    /// Samples per pixel: 1 (grey, or positions in a palette) or 3 (red, green, blue).
    uint8_t channels;
    /// Bytes of a sample: 1, or 2 in this machine's byte order.
    uint8_t sample_bytes;
    /// Bits of a sample in the file, of grey and palettes.
    uint8_t bits;
    /// Whether 0 is white.
    uint8_t is_inverted;
    /// Whether samples are positions in a palette.
    uint8_t has_palette;
    /// How the image must be turned: EXIF's numbers, which are TIFF's.
    uint8_t orientation;
} ctiff_header;

/// An open TIFF in memory.
typedef struct ctiff_reader ctiff_reader;

/// Opens a file. NULL on failure, with the reason in `message`. `bytes` must outlive the reader.
ctiff_reader *ctiff_open(const uint8_t *bytes, size_t count, char *message);

/// How many images the file holds; counting stops above `limit`.
size_t ctiff_count(ctiff_reader *reader, size_t limit);

/// Goes to an image and says what it is. 0, or -1 with the reason in `message`.
int ctiff_select(ctiff_reader *reader, uint32_t image, ctiff_header *header, char *message);

/// Decodes the selected image, rows packed, into `samples` of `count` bytes. 0, or -1 with the reason in `message`.
int ctiff_read(ctiff_reader *reader, const ctiff_header *header, uint8_t *samples, size_t count, char *message);

/// The palette's red, green and blue of 16 bits, `1 << bits` each, one colour after the other; 0, or -1 where there is none.
int ctiff_palette(ctiff_reader *reader, uint16_t *colors, size_t count);

/// Frees everything.
void ctiff_close(ctiff_reader *reader);
