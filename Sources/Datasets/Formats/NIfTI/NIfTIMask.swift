import CZlib
import Tensors

/// Masks of a volume's slices as a NIfTI file that lies on the volume.
package enum NIfTIMask {
  /// A file with the shape, the order of voxels, the matrices and their codes of a header: one byte per voxel, not rescaled.
  ///
  /// - Parameters:
  ///   - voxels: a class number for each voxel of a volume, in the volume's order.
  ///   - isCompressed: whether the file is to be one of `.nii.gz`.
  package static func file(_ voxels: [UInt8], on header: NIfTIHeader, isCompressed: Bool) throws(DatasetError)
    -> [UInt8]
  {
    precondition(voxels.count == header.extents.reduce(1, *), "\(voxels.count) voxels for \(header.extents)")
    var start = header.bytes
    func put(_ bits: UInt64, _ size: Int, at place: Int) {
      for index in 0..<size {
        start[place + (header.isLittleEndian ? index : size - 1 - index)] = UInt8(
          truncatingIfNeeded: bits >> (8 * index))
      }
    }
    func put(integer value: Int, _ first: (place: Int, size: Int), _ second: (place: Int, size: Int)) {
      let field = header.isSecond ? second : first
      put(UInt64(bitPattern: Int64(value)), field.size, at: field.place)
    }
    func put(real value: Double, _ first: Int, _ second: Int) {
      if header.isSecond {
        put(value.bitPattern, 8, at: second)
      } else {
        put(UInt64(Float(value).bitPattern), 4, at: first)
      }
    }
    put(integer: 3, (40, 2), (16, 8))
    for axis in 1...7 {
      put(integer: axis <= 3 ? header.extents[axis - 1] : 1, (40 + 2 * axis, 2), (16 + 8 * axis, 8))
    }
    put(integer: NIfTIHeader.VoxelType.uint8.rawValue, (70, 2), (12, 2))
    put(integer: 8, (72, 2), (14, 2))
    let offset = start.count + 4
    if header.isSecond { put(UInt64(offset), 8, at: 168) } else { put(real: Double(offset), 108, 168) }
    put(real: 1, 112, 176)
    put(real: 0, 116, 184)
    // What was to be shown of the volume's values says nothing of classes.
    put(real: 0, 124, 192)
    put(real: 0, 128, 200)
    let bytes = start + [0, 0, 0, 0] + voxels
    return isCompressed ? try gzip(bytes) : bytes
  }

  private static func gzip(_ bytes: [UInt8]) throws(DatasetError) -> [UInt8] {
    var stream = unsafe z_stream()
    guard unsafe czlib_start_writing_gzip(&stream) == Z_OK else {
      throw DatasetError(.workFailed, "no memory to compress a mask")
    }
    defer { unsafe deflateEnd(&stream) }
    let capacity = Int(unsafe deflateBound(&stream, UInt(bytes.count))) + 64
    var status = Z_OK
    let result = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, initialized in
      unsafe bytes.withUnsafeBufferPointer { source in
        unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.avail_in = UInt32(source.count)
        unsafe (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(capacity))
        status = unsafe deflate(&stream, Z_FINISH)
        initialized = capacity - Int(unsafe stream.avail_out)
      }
    }
    guard status == Z_STREAM_END else { throw DatasetError(.workFailed, "a mask could not be compressed") }
    return result
  }
}
