#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct cpng_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    size_t position;
    size_t row_bytes;
    uint32_t height;
    char *message;
};

static void copy_message(char *target, const char *text) {
    strncpy(target, text, CPNG_MESSAGE_LENGTH - 1);
    target[CPNG_MESSAGE_LENGTH - 1] = 0;
}

static void on_reading_error(png_structp png, png_const_charp text) {
    cpng_reader *reader = png_get_error_ptr(png);
    copy_message(reader->message, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    cpng_reader *reader = png_get_io_ptr(png);
    if (count > reader->count - reader->position) png_error(png, "the file ends too early");
    memcpy(target, reader->bytes + reader->position, count);
    reader->position += count;
}

cpng_reader *cpng_open(const uint8_t *bytes, size_t count, uint32_t largest_side, int keeps_values,
                       cpng_header *header, char *message) {
    message[0] = 0;
    cpng_reader *reader = calloc(1, sizeof(cpng_reader));
    if (reader == NULL) {
        copy_message(message, "out of memory");
        return NULL;
    }
    reader->bytes = bytes;
    reader->count = count;
    reader->message = message;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_reading_error, on_warning);
    if (reader->png == NULL || setjmp(png_jmpbuf(reader->png))) {
        if (message[0] == 0) copy_message(message, "out of memory");
        cpng_close(reader);
        return NULL;
    }
    png_structp png = reader->png;
    reader->info = png_create_info_struct(png);
    if (reader->info == NULL) png_error(png, "out of memory");
    png_set_read_fn(png, reader, read_bytes);
    png_set_user_limits(png, largest_side, largest_side);
    png_set_chunk_malloc_max(png, 8 << 20);
    // Texts and colour profiles may inflate to megabytes each and are not used.
    static const png_byte unused[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unused, 5);
    png_read_info(png, reader->info);

    int depth = png_get_bit_depth(png, reader->info);
    int color = png_get_color_type(png, reader->info);
    header->bit_depth = (uint8_t)depth;
    if (keeps_values) {
        png_set_packing(png);
    } else {
        if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
        if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    }
    // Transparency given by a palette entry or a key colour becomes an alpha channel above only where asked for, so
    // stripping covers every way of being transparent.
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);

    header->width = png_get_image_width(png, reader->info);
    header->height = png_get_image_height(png, reader->info);
    header->channels = png_get_channels(png, reader->info);
    header->sample_bytes = png_get_bit_depth(png, reader->info) == 16 ? 2 : 1;
    reader->row_bytes = png_get_rowbytes(png, reader->info);
    reader->height = header->height;
    if ((header->channels != 1 && header->channels != 3) || png_get_bit_depth(png, reader->info) < 8 ||
        reader->row_bytes != (size_t)header->width * header->channels * header->sample_bytes)
        png_error(png, "unexpected pixel format");
    return reader;
}

const uint8_t *cpng_exif(cpng_reader *reader, size_t *count) {
    png_uint_32 length = 0;
    png_bytep block = NULL;
    if (png_get_eXIf_1(reader->png, reader->info, &length, &block) == 0) return NULL;
    *count = length;
    return block;
}

int cpng_read(cpng_reader *reader, uint8_t *pixels, size_t count, char *message) {
    message[0] = 0;
    reader->message = message;
    if (count / reader->height < reader->row_bytes) {
        copy_message(message, "the pixel buffer is too small");
        return -1;
    }
    png_bytepp volatile rows = malloc(sizeof(png_bytep) * reader->height);
    if (rows == NULL) {
        copy_message(message, "out of memory");
        return -1;
    }
    if (setjmp(png_jmpbuf(reader->png))) {
        free(rows);
        return -1;
    }
    for (uint32_t row = 0; row < reader->height; row++) rows[row] = pixels + (size_t)row * reader->row_bytes;
    png_read_image(reader->png, rows);
    png_read_end(reader->png, NULL);
    free(rows);
    return 0;
}

void cpng_close(cpng_reader *reader) {
    if (reader == NULL) return;
    if (reader->png != NULL) png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader);
}

typedef struct writer {
    void *context;
    cpng_sink sink;
    char *message;
} writer;

static void on_writing_error(png_structp png, png_const_charp text) {
    writer *state = png_get_error_ptr(png);
    copy_message(state->message, text);
    png_longjmp(png, 1);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    writer *state = png_get_io_ptr(png);
    if (state->sink(state->context, bytes, count) != 0) png_error(png, "writing was stopped");
}

static void flush_nothing(png_structp png) { (void)png; }

int cpng_write(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t channels, const uint8_t *palette,
               uint32_t palette_count, void *context, cpng_sink sink, char *message) {
    message[0] = 0;
    writer state = {context, sink, message};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_writing_error, on_warning);
    png_infop info = NULL;
    if (png == NULL) {
        copy_message(message, "out of memory");
        return -1;
    }
    info = png_create_info_struct(png);
    if (info == NULL || setjmp(png_jmpbuf(png))) {
        if (message[0] == 0) copy_message(message, "out of memory");
        png_destroy_write_struct(&png, &info);
        return -1;
    }
    png_set_write_fn(png, &state, write_bytes, flush_nothing);
    int color = channels == 3 ? PNG_COLOR_TYPE_RGB : palette_count > 0 ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY;
    png_set_IHDR(png, info, width, height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (color == PNG_COLOR_TYPE_PALETTE) {
        png_color entries[256];
        for (uint32_t entry = 0; entry < palette_count && entry < 256; entry++) {
            entries[entry].red = palette[3 * entry];
            entries[entry].green = palette[3 * entry + 1];
            entries[entry].blue = palette[3 * entry + 2];
        }
        png_set_PLTE(png, info, entries, palette_count > 256 ? 256 : (int)palette_count);
    }
    png_write_info(png, info);
    for (uint32_t row = 0; row < height; row++) png_write_row(png, pixels + (size_t)row * width * channels);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return 0;
}
