#ifndef CGDCM_H
#define CGDCM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes of the buffers that messages are written to, the closing zero included.
#define CGDCM_MESSAGE_LENGTH 256

/// A DICOM file that was read from memory.
typedef struct cgdcm_file cgdcm_file;

/// A data set: that of a file, or an item of a sequence in it. It lives as long as its file.
typedef struct cgdcm_data_set cgdcm_data_set;

/// What the samples are that `cgdcm_pixels` gives.
typedef struct cgdcm_pixel_format {
    uint32_t columns;
    uint32_t rows;
    uint32_t frames;
    uint16_t samples_per_pixel;
    uint16_t bits_allocated;
    uint16_t bits_stored;
    uint16_t high_bit;
    uint8_t is_signed;
    /// Whether the samples of a frame stand plane by plane.
    uint8_t is_planar;
    /// Whether the samples are those of the file's own syntax, as the data set describes them, rather than a decoder's.
    uint8_t is_native;
    /// The photometric interpretation of the samples, zero-terminated.
    char photometric[32];
} cgdcm_pixel_format;

/// Reads a file; NULL with a message where it is none that can be read or where it ends too early.
///
/// With `with_pixels` 0 reading stops in front of the pixel data. The bytes must outlive the file.
cgdcm_file *cgdcm_open(const uint8_t *bytes, size_t count, int with_pixels, char *message);

void cgdcm_close(cgdcm_file *file);

/// The UID of the transfer syntax, and its name.
void cgdcm_transfer_syntax(const cgdcm_file *file, char *uid, size_t uid_capacity, char *name, size_t name_capacity);

/// The data set of the file.
const cgdcm_data_set *cgdcm_root(const cgdcm_file *file);

/// An item of a sequence, counted from 0; NULL where there is none.
const cgdcm_data_set *cgdcm_item(cgdcm_file *file, const cgdcm_data_set *set, uint16_t group, uint16_t element,
                                 size_t index);

/// How many items a sequence has; 0 where there is none.
size_t cgdcm_item_count(cgdcm_file *file, const cgdcm_data_set *set, uint16_t group, uint16_t element);

/// Whether an attribute is there, be it empty.
int cgdcm_holds(const cgdcm_data_set *set, uint16_t group, uint16_t element);

/// The bytes of an attribute, numbers in this machine's byte order; NULL where it is missing or empty.
const uint8_t *cgdcm_value(const cgdcm_data_set *set, uint16_t group, uint16_t element, size_t *count);

/// What the pixel data hold, which must be there, and their bytes: those of the file where they are not compressed, else decoded.
///
/// @return the bytes, which live as long as the file; NULL with a message.
const uint8_t *cgdcm_pixels(cgdcm_file *file, cgdcm_pixel_format *format, size_t *count, char *message);

#ifdef __cplusplus
}
#endif

#endif
