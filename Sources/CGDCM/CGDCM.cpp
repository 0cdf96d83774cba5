#include "CGDCM.h"

#include <gdcm-3.0/gdcmDataSet.h>
#include <gdcm-3.0/gdcmImageReader.h>
#include <gdcm-3.0/gdcmReader.h>
#include <gdcm-3.0/gdcmSequenceOfFragments.h>
#include <gdcm-3.0/gdcmSequenceOfItems.h>
#include <gdcm-3.0/gdcmTrace.h>
#include <gdcm-3.0/gdcmUIDs.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <istream>
#include <mutex>
#include <streambuf>
#include <string>
#include <vector>

struct cgdcm_data_set : gdcm::DataSet {};

namespace {

const gdcm::Tag pixel_data(0x7FE0, 0x0010);
// Bytes that deflated files may inflate to.
const size_t inflated_limit = size_t{1} << 31;

void keep(const char *text, char *target, size_t capacity) {
  if (capacity == 0) return;
  std::strncpy(target, text, capacity - 1);
  target[capacity - 1] = 0;
}

// Bytes in memory as a stream that remembers whether a value was asked for that is not all there.
class Bytes : public std::streambuf {
 public:
  Bytes(const uint8_t *bytes, size_t count) {
    char *start = const_cast<char *>(reinterpret_cast<const char *>(bytes));
    setg(start, start, start + count);
  }
  bool ends_early() const { return missing_ > 0; }
  size_t wanted() const { return wanted_; }
  size_t found() const { return wanted_ - missing_; }

 protected:
  std::streamsize xsgetn(char *target, std::streamsize wanted) override {
    const std::streamsize found = std::min<std::streamsize>(wanted, egptr() - gptr());
    std::memcpy(target, gptr(), static_cast<size_t>(found));
    setg(eback(), gptr() + found, egptr());
    // The end of a file is found by asking for a tag where nothing follows.
    if (found < wanted && (found > 0 || wanted > 4)) {
      wanted_ = static_cast<size_t>(wanted);
      missing_ = static_cast<size_t>(wanted - found);
    }
    return found;
  }
  pos_type seekoff(off_type offset, std::ios_base::seekdir direction, std::ios_base::openmode) override {
    const char *base = direction == std::ios_base::beg ? eback() : direction == std::ios_base::cur ? gptr() : egptr();
    const off_type target = base - eback() + offset;
    if (target < 0 || target > egptr() - eback()) return pos_type(off_type(-1));
    // GDCM starts again where its first reading of a file made no sense.
    if (direction == std::ios_base::beg) missing_ = 0;
    setg(eback(), eback() + target, egptr());
    return pos_type(target);
  }
  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(off_type(position), std::ios_base::beg, mode);
  }

 private:
  size_t wanted_ = 0;
  size_t missing_ = 0;
};

void silence() {
  static std::once_flag once;
  std::call_once(once, [] {
    gdcm::Trace::DebugOff();
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
  });
}

// Where the data set starts behind the file's meta information, 0 where that is not told.
size_t data_set_start(const uint8_t *bytes, size_t count) {
  const uint8_t tag[] = {2, 0, 0, 0, 'U', 'L', 4, 0};
  if (count < 144 || std::memcmp(bytes + 132, tag, sizeof tag) != 0) return 0;
  uint32_t length;
  std::memcpy(&length, bytes + 140, sizeof length);
  return length <= count - 144 ? 144 + length : 0;
}

// Why a deflated data set is not whole, or an empty text. GDCM completes one that ends early with zeros.
std::string deflation_fault(const uint8_t *bytes, size_t count) {
  const size_t start = data_set_start(bytes, count);
  if (start == 0) return "the deflated data set is not found";
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return "out of memory";
  std::vector<uint8_t> sink(1 << 16);
  stream.next_in = const_cast<uint8_t *>(bytes + start);
  stream.avail_in = static_cast<uInt>(std::min<size_t>(count - start, UINT32_MAX));
  int status = Z_OK;
  while (status == Z_OK && stream.total_out <= inflated_limit) {
    stream.next_out = sink.data();
    stream.avail_out = static_cast<uInt>(sink.size());
    status = inflate(&stream, Z_NO_FLUSH);
  }
  const size_t total = stream.total_out;
  inflateEnd(&stream);
  if (total > inflated_limit) return "the deflated data set inflates to more than 2 GiB";
  if (status != Z_STREAM_END) return "the deflated data set ends too early or is damaged";
  return "";
}

}  // namespace

struct cgdcm_file {
  const uint8_t *bytes;
  size_t count;
  gdcm::Reader reader;
  // Sequences that were asked for, each parsed once.
  std::vector<std::pair<const gdcm::DataElement *, gdcm::SmartPointer<gdcm::SequenceOfItems>>> sequences;
  std::vector<char> decoded;

  gdcm::TransferSyntax syntax() const { return reader.GetFile().GetHeader().GetDataSetTransferSyntax(); }

  gdcm::SequenceOfItems *sequence(const cgdcm_data_set *set, uint16_t group, uint16_t element) {
    const gdcm::Tag tag(group, element);
    if (set == nullptr || !set->FindDataElement(tag)) return nullptr;
    const gdcm::DataElement &found = set->GetDataElement(tag);
    for (const auto &known : sequences)
      if (known.first == &found) return known.second;
    gdcm::SmartPointer<gdcm::SequenceOfItems> items = found.GetValueAsSQ();
    if (items) sequences.emplace_back(&found, items);
    return items;
  }
};

cgdcm_file *cgdcm_open(const uint8_t *bytes, size_t count, int with_pixels, char *message) {
  keep("", message, CGDCM_MESSAGE_LENGTH);
  silence();
  // GDCM asserts that there is something behind the preamble.
  if (count < 144) {
    keep("the file ends within its header", message, CGDCM_MESSAGE_LENGTH);
    return nullptr;
  }
  cgdcm_file *result = nullptr;
  try {
    result = new cgdcm_file;
    result->bytes = bytes;
    result->count = count;
    Bytes buffer(bytes, count);
    std::istream stream(&buffer);
    result->reader.SetStream(stream);
    const bool is_read = with_pixels != 0 ? result->reader.Read() : result->reader.ReadUpToTag(pixel_data);
    std::string fault;
    const bool is_deflated = result->syntax() == gdcm::TransferSyntax::DeflatedExplicitVRLittleEndian;
    if (is_deflated) {
      fault = deflation_fault(bytes, count);
    } else if (with_pixels != 0 && buffer.ends_early()) {
      fault = "the file ends too early: a value of " + std::to_string(buffer.wanted()) + " bytes has " +
              std::to_string(buffer.found());
    }
    if (fault.empty() && !is_read) fault = "the data set cannot be parsed";
    if (fault.empty()) return result;
    keep(fault.c_str(), message, CGDCM_MESSAGE_LENGTH);
  } catch (const std::bad_alloc &) {
    keep("not enough memory", message, CGDCM_MESSAGE_LENGTH);
  } catch (const std::exception &error) {
    keep(error.what(), message, CGDCM_MESSAGE_LENGTH);
  } catch (...) {
    keep("the data set cannot be parsed", message, CGDCM_MESSAGE_LENGTH);
  }
  delete result;
  return nullptr;
}

void cgdcm_close(cgdcm_file *file) { delete file; }

void cgdcm_transfer_syntax(const cgdcm_file *file, char *uid, size_t uid_capacity, char *name, size_t name_capacity) {
  const gdcm::TransferSyntax syntax = file->syntax();
  const char *text = syntax.GetString();
  keep(text == nullptr ? "" : text, uid, uid_capacity);
  gdcm::UIDs known;
  const bool is_known = text != nullptr && known.SetFromUID(text);
  keep(is_known ? known.GetName() : "", name, name_capacity);
}

const cgdcm_data_set *cgdcm_root(const cgdcm_file *file) {
  return static_cast<const cgdcm_data_set *>(&file->reader.GetFile().GetDataSet());
}

const cgdcm_data_set *cgdcm_item(cgdcm_file *file, const cgdcm_data_set *set, uint16_t group, uint16_t element,
                                 size_t index) {
  try {
    gdcm::SequenceOfItems *items = file->sequence(set, group, element);
    if (items == nullptr || index >= items->GetNumberOfItems()) return nullptr;
    return static_cast<const cgdcm_data_set *>(&items->GetItem(index + 1).GetNestedDataSet());
  } catch (...) {
    return nullptr;
  }
}

size_t cgdcm_item_count(cgdcm_file *file, const cgdcm_data_set *set, uint16_t group, uint16_t element) {
  try {
    gdcm::SequenceOfItems *items = file->sequence(set, group, element);
    return items == nullptr ? 0 : items->GetNumberOfItems();
  } catch (...) {
    return 0;
  }
}

int cgdcm_holds(const cgdcm_data_set *set, uint16_t group, uint16_t element) {
  return set != nullptr && set->FindDataElement(gdcm::Tag(group, element)) ? 1 : 0;
}

const uint8_t *cgdcm_value(const cgdcm_data_set *set, uint16_t group, uint16_t element, size_t *count) {
  *count = 0;
  const gdcm::Tag tag(group, element);
  if (set == nullptr || !set->FindDataElement(tag)) return nullptr;
  const gdcm::ByteValue *value = set->GetDataElement(tag).GetByteValue();
  if (value == nullptr || value->GetPointer() == nullptr) return nullptr;
  *count = value->GetLength();
  return reinterpret_cast<const uint8_t *>(value->GetPointer());
}

const uint8_t *cgdcm_pixels(cgdcm_file *file, cgdcm_pixel_format *format, size_t *count, char *message) {
  keep("", message, CGDCM_MESSAGE_LENGTH);
  *count = 0;
  std::memset(format, 0, sizeof *format);
  try {
    const gdcm::DataElement &element = file->reader.GetFile().GetDataSet().GetDataElement(pixel_data);
    if (const gdcm::ByteValue *value = element.GetByteValue()) {
      format->is_native = 1;
      *count = value->GetLength();
      return reinterpret_cast<const uint8_t *>(value->GetPointer());
    }
    Bytes buffer(file->bytes, file->count);
    std::istream stream(&buffer);
    gdcm::ImageReader images;
    images.SetStream(stream);
    if (element.GetSequenceOfFragments() == nullptr || !images.Read()) {
      keep("the pixel data cannot be read", message, CGDCM_MESSAGE_LENGTH);
      return nullptr;
    }
    const gdcm::Image &image = images.GetImage();
    file->decoded.resize(image.GetBufferLength());
    if (!image.GetBuffer(file->decoded.data())) {
      keep("the pixel data cannot be decoded", message, CGDCM_MESSAGE_LENGTH);
      return nullptr;
    }
    const gdcm::PixelFormat &pixels = image.GetPixelFormat();
    format->columns = image.GetDimension(0);
    format->rows = image.GetDimension(1);
    format->frames = image.GetNumberOfDimensions() > 2 ? image.GetDimension(2) : 1;
    format->samples_per_pixel = pixels.GetSamplesPerPixel();
    format->bits_allocated = pixels.GetBitsAllocated();
    format->bits_stored = pixels.GetBitsStored();
    format->high_bit = pixels.GetHighBit();
    format->is_signed = pixels.GetPixelRepresentation() != 0;
    format->is_planar = image.GetPlanarConfiguration() != 0;
    const char *photometric = image.GetPhotometricInterpretation().GetString();
    keep(photometric == nullptr ? "" : photometric, format->photometric, sizeof format->photometric);
    *count = file->decoded.size();
    return reinterpret_cast<const uint8_t *>(file->decoded.data());
  } catch (const std::bad_alloc &) {
    keep("not enough memory", message, CGDCM_MESSAGE_LENGTH);
  } catch (const std::exception &error) {
    keep(error.what(), message, CGDCM_MESSAGE_LENGTH);
  } catch (...) {
    keep("the pixel data cannot be decoded", message, CGDCM_MESSAGE_LENGTH);
  }
  return nullptr;
}
