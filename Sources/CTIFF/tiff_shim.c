#include "CTIFF.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

struct ctiff_reader {
    TIFF *tiff;
    const uint8_t *bytes;
    size_t count;
    size_t position;
    /// Whether libtiff makes 8-bit colours of the selected image itself.
    int is_converted;
    char message[CTIFF_MESSAGE_LENGTH];
};

static void keep(char *target, const char *text) {
    strncpy(target, text, CTIFF_MESSAGE_LENGTH - 1);
    target[CTIFF_MESSAGE_LENGTH - 1] = 0;
}

// Keeps the first error; what follows it is mostly its consequence.
static int on_error(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    ctiff_reader *reader = context;
    if (reader->message[0] == 0) vsnprintf(reader->message, CTIFF_MESSAGE_LENGTH, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)context;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t wanted) {
    ctiff_reader *reader = handle;
    size_t left = reader->position < reader->count ? reader->count - reader->position : 0;
    size_t found = (size_t)wanted < left ? (size_t)wanted : left;
    memcpy(target, reader->bytes + reader->position, found);
    reader->position += found;
    return (tmsize_t)found;
}

static tmsize_t refuse_writing(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle;
    (void)bytes;
    (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    ctiff_reader *reader = handle;
    size_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? reader->position : reader->count;
    reader->position = base + (size_t)offset;
    return reader->position;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size(thandle_t handle) { return ((ctiff_reader *)handle)->count; }

static int fail(ctiff_reader *reader, const char *text, char *message) {
    keep(message, reader->message[0] != 0 ? reader->message : text);
    return -1;
}

ctiff_reader *ctiff_open(const uint8_t *bytes, size_t count, char *message) {
    message[0] = 0;
    ctiff_reader *reader = calloc(1, sizeof(ctiff_reader));
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (reader != NULL && options != NULL) {
        reader->bytes = bytes;
        reader->count = count;
        TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, reader);
        TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, reader);
        reader->tiff = TIFFClientOpenExt("image", "rm", reader, read_bytes, refuse_writing, seek, close_nothing, size,
                                         NULL, NULL, options);
    }
    if (options != NULL) TIFFOpenOptionsFree(options);
    if (reader != NULL && reader->tiff != NULL) return reader;
    keep(message, reader == NULL ? "out of memory" : reader->message[0] != 0 ? reader->message : "damaged header");
    free(reader);
    return NULL;
}

size_t ctiff_count(ctiff_reader *reader, size_t limit) {
    size_t count = 1;
    if (!TIFFSetDirectory(reader->tiff, 0)) return 0;
    while (count <= limit && TIFFReadDirectory(reader->tiff)) count++;
    return count;
}

int ctiff_select(ctiff_reader *reader, uint32_t image, ctiff_header *header, char *message) {
    TIFF *tiff = reader->tiff;
    message[0] = 0;
    memset(header, 0, sizeof *header);
    if (!TIFFSetDirectory(tiff, (tdir_t)image)) return fail(reader, "the image's directory cannot be read", message);
    uint16_t bits = 1, samples = 1, photometric = 0, format = SAMPLEFORMAT_UINT, planes = 1, orientation = 1;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &header->width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &header->height))
        return fail(reader, "the image has no size", message);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric))
        photometric = samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) {
        snprintf(message, CTIFF_MESSAGE_LENGTH, "samples of %u-bit %s are not read (unsigned of 8 or 16 bits are)", bits,
                 format == SAMPLEFORMAT_IEEEFP ? "floating point" : format == SAMPLEFORMAT_INT ? "signed integers"
                                                                                              : "another format");
        return -1;
    }
    if (bits > 16) {
        snprintf(message, CTIFF_MESSAGE_LENGTH, "samples of %u bits are not read (unsigned of 8 or 16 bits are)", bits);
        return -1;
    }
    int is_grey = (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE ||
                   photometric == PHOTOMETRIC_PALETTE) &&
                  (bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16);
    int is_color = photometric == PHOTOMETRIC_RGB && samples >= 3 && (bits == 8 || bits == 16);
    header->bits = (uint8_t)bits;
    header->orientation = (uint8_t)orientation;
    header->channels = is_grey ? 1 : 3;
    header->sample_bytes = (is_grey || is_color) && bits == 16 ? 2 : 1;
    header->is_inverted = is_grey && photometric == PHOTOMETRIC_MINISWHITE;
    header->has_palette = is_grey && photometric == PHOTOMETRIC_PALETTE;
    reader->is_converted = !is_grey && !is_color;
    if (reader->is_converted) {
        // libtiff turns what it converts upright itself.
        header->orientation = 1;
        if (!TIFFRGBAImageOK(tiff, message)) return -1;
        message[0] = 0;
    }
    return 0;
}

// Copies samples of one row of a strip or tile; sample `first` of each pixel is the first one taken.
static void copy_row(const uint8_t *source, uint16_t per_pixel, uint32_t columns, uint8_t bits, uint8_t *target,
                     uint32_t channels, uint32_t first_channel, uint32_t taken) {
    for (uint32_t column = 0; column < columns; column++) {
        for (uint32_t channel = 0; channel < taken; channel++) {
            size_t position = (size_t)column * per_pixel + channel;
            size_t place = (size_t)column * channels + first_channel + channel;
            if (bits == 16) {
                memcpy(target + 2 * place, source + 2 * position, 2);
            } else if (bits == 8) {
                target[place] = source[position];
            } else {
                size_t bit = position * bits;
                target[place] = (uint8_t)((source[bit / 8] >> (8 - bits - bit % 8)) & ((1 << bits) - 1));
            }
        }
    }
}

static int read_converted(ctiff_reader *reader, const ctiff_header *header, uint8_t *samples, char *message) {
    size_t pixels = (size_t)header->width * header->height;
    uint32_t *raster = malloc(pixels * sizeof(uint32_t));
    if (raster == NULL) return fail(reader, "out of memory", message);
    int is_read = TIFFReadRGBAImageOriented(reader->tiff, header->width, header->height, raster, ORIENTATION_TOPLEFT, 1);
    for (size_t pixel = 0; is_read && pixel < pixels; pixel++) {
        samples[3 * pixel] = TIFFGetR(raster[pixel]);
        samples[3 * pixel + 1] = TIFFGetG(raster[pixel]);
        samples[3 * pixel + 2] = TIFFGetB(raster[pixel]);
    }
    free(raster);
    return is_read ? 0 : fail(reader, "the image cannot be decoded", message);
}

int ctiff_read(ctiff_reader *reader, const ctiff_header *header, uint8_t *samples, size_t count, char *message) {
    TIFF *tiff = reader->tiff;
    message[0] = 0;
    size_t row_bytes = (size_t)header->width * header->channels * header->sample_bytes;
    if (count / header->height < row_bytes) return fail(reader, "the sample buffer is too small", message);
    if (reader->is_converted) return read_converted(reader, header, samples, message);
    uint16_t per_pixel = 1, planes = PLANARCONFIG_CONTIG;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &per_pixel);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    int is_separate = planes == PLANARCONFIG_SEPARATE;
    uint16_t stride = is_separate ? 1 : per_pixel;
    uint32_t taken = is_separate ? 1 : header->channels;
    int is_tiled = TIFFIsTiled(tiff);
    uint32_t width = header->width, rows = 1;
    tmsize_t size = is_tiled ? TIFFTileSize(tiff) : TIFFScanlineSize(tiff);
    if (is_tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &rows);
    }
    size_t line = ((size_t)width * stride * header->bits + 7) / 8;
    if (size <= 0 || width == 0 || rows == 0 || (size_t)size / rows < line)
        return fail(reader, "the rows are shorter than the image is wide", message);
    uint8_t *buffer = calloc(1, (size_t)size);
    if (buffer == NULL) return fail(reader, "out of memory", message);
    int status = 0;
    for (uint32_t plane = 0; status == 0 && plane < (is_separate ? header->channels : 1u); plane++) {
        for (uint32_t top = 0; status == 0 && top < header->height; top += rows) {
            for (uint32_t left = 0; status == 0 && left < header->width; left += width) {
                tmsize_t found = is_tiled ? TIFFReadTile(tiff, buffer, left, top, 0, (uint16_t)plane)
                                          : TIFFReadScanline(tiff, buffer, top, (uint16_t)plane);
                if (found < 0) {
                    status = fail(reader, "the image ends too early or is damaged", message);
                    break;
                }
                uint32_t columns = header->width - left < width ? header->width - left : width;
                for (uint32_t row = 0; row < rows && top + row < header->height; row++)
                    copy_row(buffer + row * line, stride, columns, header->bits,
                             samples + (top + row) * row_bytes + (size_t)left * header->channels * header->sample_bytes,
                             header->channels, plane, taken);
            }
        }
    }
    free(buffer);
    return status;
}

int ctiff_palette(ctiff_reader *reader, uint16_t *colors, size_t count) {
    uint16_t *red, *green, *blue, bits = 0;
    TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    if (!TIFFGetField(reader->tiff, TIFFTAG_COLORMAP, &red, &green, &blue) || count >> bits != 3) return -1;
    memcpy(colors, red, sizeof(uint16_t) << bits);
    memcpy(colors + ((size_t)1 << bits), green, sizeof(uint16_t) << bits);
    memcpy(colors + ((size_t)2 << bits), blue, sizeof(uint16_t) << bits);
    return 0;
}

void ctiff_close(ctiff_reader *reader) {
    if (reader == NULL) return;
    TIFFClose(reader->tiff);
    free(reader);
}
