#!/usr/bin/env python3
"""Writes small DICOM, NIfTI, TIFF and BMP files, and what pydicom, nibabel, highdicom and Pillow see in them.

    python image_formats.py -o ../../Tests/Fixtures/formats

`expected.json` has for every image of a file its size and its brightness (0 to 1, of colours red, green and blue), worked out here from
what the reference reader gives by the formulas of the standards; `values` has what masks store.
"""

import argparse
import json
import pathlib

import highdicom
import nibabel
import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian,
    ImplicitVRLittleEndian, MPEG4HP41, RLELossless)

ROWS, COLUMNS = 10, 12
ROOT = "1.2.826.0.1.3680043.10.1567."
RANDOM = np.random.default_rng(5)
expected = {}


def note(file, level, frame=None, values=None, **reading):
    """What is expected of one image: brightness [rows, columns] or [rows, columns, 3]."""
    level = np.asarray(level, dtype=np.float64)
    entry = {"height": level.shape[0], "width": level.shape[1], "channels": 1 if level.ndim == 2 else 3,
             "level": [round(float(x), 7) for x in level.reshape(-1)], **reading}
    if frame is not None:
        entry["frame"] = frame
    if values is not None:
        entry["values"] = [int(x) for x in np.asarray(values).reshape(-1)]
    expected.setdefault(file, []).append(entry)


def window(x, center, width):
    """PS3.3, C.11.2.1.2.1."""
    return np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def spread(x):
    return (x - x.min()) / (x.max() - x.min())


def dicom(number, pixels, syntax=ExplicitVRLittleEndian, patient="unknown", **attributes):
    """A CT slice with these stored values."""
    set_ = Dataset()
    set_.file_meta = FileMetaDataset()
    set_.file_meta.TransferSyntaxUID = syntax
    set_.file_meta.MediaStorageSOPClassUID = set_.SOPClassUID = CTImageStorage
    set_.file_meta.MediaStorageSOPInstanceUID = set_.SOPInstanceUID = f"{ROOT}{number}"
    set_.PatientID, set_.PatientName = patient, "Doe^Jane"
    set_.PatientBirthDate, set_.PatientSex, set_.AccessionNumber = "19500101", "F", "1"
    set_.StudyInstanceUID, set_.SeriesInstanceUID, set_.FrameOfReferenceUID = ROOT + "1", ROOT + "2", ROOT + "3"
    set_.StudyDate, set_.StudyTime, set_.StudyID, set_.ReferringPhysicianName = "20200101", "120000", "1", ""
    set_.Modality, set_.Manufacturer, set_.SeriesNumber = "CT", "none", 1
    set_.InstanceNumber = number
    set_.ImagePositionPatient, set_.ImageOrientationPatient = [0, 0, 2 * number], [1, 0, 0, 0, 1, 0]
    set_.PixelSpacing, set_.SliceThickness = [0.5, 0.75], 2
    set_.PositionReferenceIndicator = ""
    set_.Rows, set_.Columns = pixels.shape[-2:] if pixels.ndim < 4 and pixels.shape[-1] != 3 else pixels.shape[-3:-1]
    color = pixels.shape[-1] == 3
    set_.SamplesPerPixel = 3 if color else 1
    if color:
        set_.PlanarConfiguration = 0
    set_.PhotometricInterpretation = "RGB" if color else "MONOCHROME2"
    set_.BitsAllocated = set_.BitsStored = 8 * pixels.dtype.itemsize
    set_.HighBit = set_.BitsStored - 1
    set_.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in attributes.items():
        setattr(set_, name, value)
    data = pixels.astype(pixels.dtype.newbyteorder(">" if syntax == ExplicitVRBigEndian else "<")).tobytes()
    set_.PixelData = data + b"\0" * (len(data) % 2)
    set_["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    return set_


def save(set_, name):
    set_.save_as(folder / name, enforce_file_format=True)
    return pydicom.dcmread(folder / name)


def write_dicom():
    hounsfield = RANDOM.integers(-900, 1200, (ROWS, COLUMNS)).astype(np.int16)
    rescaled = {"RescaleSlope": 1, "RescaleIntercept": -24}
    two = {"WindowCenter": [40, 300], "WindowWidth": [400, 1500]}

    read = save(dicom(1, hounsfield, **rescaled, **two), "ct_window.dcm")
    values = apply_modality_lut(read.pixel_array, read)
    note("ct_window.dcm", window(values, 40, 400))
    note("ct_window.dcm", window(values, -600, 1500), window=[-600, 1500])

    read = save(dicom(2, hounsfield, **rescaled), "ct_range.dcm")
    note("ct_range.dcm", spread(apply_modality_lut(read.pixel_array, read)))

    grey = RANDOM.integers(0, 1024, (ROWS, COLUMNS)).astype(np.uint16)
    read = save(dicom(3, grey, BitsStored=10, HighBit=9, PhotometricInterpretation="MONOCHROME1", WindowCenter=500,
                      WindowWidth=800), "mono1_10bit.dcm")
    note("mono1_10bit.dcm", 1 - window(read.pixel_array.astype(float), 500, 800))

    # Twelve bits in the upper part of a word, below them what does not count.
    shifted = (RANDOM.integers(0, 4096, (ROWS, COLUMNS)) << 4 | 9).astype(np.uint16)
    save(dicom(4, shifted, BitsStored=12, HighBit=15), "high_bits.dcm")
    note("high_bits.dcm", spread((shifted >> 4).astype(float)), values=shifted >> 4)

    for number, (name, syntax) in enumerate([("implicit", ImplicitVRLittleEndian), ("big_endian", ExplicitVRBigEndian),
                                             ("deflated", DeflatedExplicitVRLittleEndian)]):
        read = save(dicom(5 + number, hounsfield, syntax, **two), f"{name}.dcm")
        note(f"{name}.dcm", window(read.pixel_array.astype(float), 40, 400))
    compressed = dicom(8, hounsfield, **two)
    compressed.compress(RLELossless)
    compressed.SOPInstanceUID = compressed.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}8"
    read = save(compressed, "rle.dcm")
    note("rle.dcm", window(read.pixel_array.astype(float), 40, 400))

    for function in ("LINEAR_EXACT", "SIGMOID"):
        name = f"{function.lower()}.dcm"
        read = save(dicom(9, hounsfield, VOILUTFunction=function, WindowCenter=100, WindowWidth=600), name)
        x = (read.pixel_array - 100.0) / 600
        note(name, np.clip(x + 0.5, 0, 1) if function == "LINEAR_EXACT" else 1 / (1 + np.exp(-4 * x)))

    table = Dataset()
    table.LUTDescriptor, table.LUTData = [256, 200, 12], np.linspace(4095, 0, 256).astype("<u2").tobytes()
    read = save(dicom(10, grey, BitsStored=10, HighBit=9, VOILUTSequence=Sequence([table]), **two), "voi_table.dcm")
    note("voi_table.dcm", apply_voi_lut(read.pixel_array, read, prefer_lut=True) / 4095)
    modality = Dataset()
    modality.LUTDescriptor, modality.ModalityLUTType = [1024, 0, 16], "US"
    modality.LUTData = (np.arange(1024) ** 2 / 20).astype("<u2").tobytes()
    read = save(dicom(11, grey, BitsStored=10, HighBit=9, ModalityLUTSequence=Sequence([modality])), "modality_table.dcm")
    note("modality_table.dcm", spread(apply_modality_lut(read.pixel_array, read).astype(float)))

    color = RANDOM.integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    save(dicom(12, color), "rgb.dcm")
    note("rgb.dcm", color / 255)
    planes = dicom(13, color, PlanarConfiguration=1)
    planes.PixelData = color.transpose(2, 0, 1).tobytes()
    save(planes, "rgb_planes.dcm")
    note("rgb_planes.dcm", color / 255)
    read = save(dicom(14, color, PhotometricInterpretation="YBR_FULL"), "ybr.dcm")
    note("ybr.dcm", convert_color_space(color, "YBR_FULL", "RGB") / 255)
    palette = {}
    tables = RANDOM.integers(0, 65536, (3, 16)).astype(np.uint16)
    for color_name, entries in zip(("Red", "Green", "Blue"), tables):
        palette[f"{color_name}PaletteColorLookupTableDescriptor"] = [16, 0, 16]
        palette[f"{color_name}PaletteColorLookupTableData"] = entries.tobytes()
    indices = RANDOM.integers(0, 16, (ROWS, COLUMNS)).astype(np.uint8)
    read = save(dicom(15, indices, PhotometricInterpretation="PALETTE COLOR", **palette), "palette.dcm")
    note("palette.dcm", (apply_color_lut(read.pixel_array, read) >> 8) / 255, values=indices)

    frames = RANDOM.integers(0, 256, (3, ROWS, COLUMNS)).astype(np.uint8)
    read = save(dicom(16, frames, NumberOfFrames=3, WindowCenter=128, WindowWidth=256), "frames.dcm")
    for frame in range(3):
        note("frames.dcm", window(frames[frame].astype(float), 128, 256), frame=frame)

    # What is refused.
    broken = (folder / "ct_window.dcm").read_bytes()
    (folder / "truncated.dcm").write_bytes(broken[:-60])
    few = dicom(17, hounsfield[:-1])
    few.Rows = ROWS
    save(few, "too_few_pixels.dcm")
    none = dicom(18, hounsfield)
    del none.PixelData
    save(none, "no_pixels.dcm")
    video = dicom(19, hounsfield)
    video.file_meta.TransferSyntaxUID = MPEG4HP41
    video.PixelData = pydicom.encaps.encapsulate([b"\0\0\1\xB3" * 8])
    save(video, "video.dcm")


def write_series():
    """Four slices of two patients, and segmentations by highdicom: of the first patient's slices two classes, one slice without either."""
    (folder / "series").mkdir(exist_ok=True)
    slices = []
    for number in range(4):
        pixels = RANDOM.integers(-200, 400, (ROWS, COLUMNS)).astype(np.int16)
        set_ = dicom(30 + number, pixels, patient="P-17" if number < 3 else "P-4", WindowCenter=40, WindowWidth=400)
        if number == 3:
            set_.SeriesInstanceUID, set_.StudyInstanceUID = ROOT + "22", ROOT + "21"
        slices.append(save(set_, f"series/slice{number}.dcm"))

    def description(number, label):
        return highdicom.seg.SegmentDescription(
            segment_number=number, segment_label=label, segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion, algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL)

    masks = {}
    for name, images, number in (("first", slices[:3], 40), ("second", slices[3:], 41)):
        mask = np.zeros((len(images), ROWS, COLUMNS), dtype=np.uint8)
        mask[0, 2:5, 3:9], mask[0, 6:8, 1:4] = 1, 2
        if len(images) > 1:
            mask[1, 4:9, 5:11] = 2
        segmentation = highdicom.seg.Segmentation(
            source_images=images, pixel_array=mask, segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[description(1, "cyst"), description(2, "tumour")], series_instance_uid=f"{ROOT}{number}.1",
            series_number=9, sop_instance_uid=f"{ROOT}{number}", instance_number=1, manufacturer="none",
            manufacturer_model_name="none", software_versions="0", device_serial_number="0", omit_empty_frames=True)
        segmentation.save_as(folder / "series" / f"{name}.seg.dcm")
        for image, values in zip(images, mask):
            masks[str(image.SOPInstanceUID).split(".")[-1]] = [int(x) for x in values.reshape(-1)]
    expected["series"] = masks


def write_nifti():
    shape = (6, 5, 4)
    angle = np.deg2rad(20)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])

    def affine(axes, zooms):
        directions = {"R": [1, 0, 0], "L": [-1, 0, 0], "A": [0, 1, 0], "P": [0, -1, 0], "S": [0, 0, 1], "I": [0, 0, -1]}
        result = np.eye(4)
        result[:3, :3] = turn @ np.array([directions[a] for a in axes], dtype=float).T * zooms
        return result

    cases = [
        ("las_int16.nii", nibabel.Nifti1Image, "LAS", np.int16, "<", shape, (0.5, -3.0)),
        ("ras_float.nii.gz", nibabel.Nifti1Image, "RAS", np.float32, "<", shape, None),
        ("pir_uint8.nii.gz", nibabel.Nifti1Image, "PIR", np.uint8, ">", shape, None),
        ("lpi_second.nii", nibabel.Nifti2Image, "LPI", np.int32, ">", shape, None),
        ("volumes.nii.gz", nibabel.Nifti1Image, "RAS", np.uint16, "<", shape + (3,), None),
    ]
    for name, kind, axes, type_, order, extents, scaling in cases:
        stored = RANDOM.integers(0, 200, extents).astype(type_)
        if np.dtype(type_).kind != "u":
            stored[:2] -= np.asarray(50, dtype=type_)
        header = kind.header_class(endianness=order)
        header.set_data_dtype(np.dtype(type_).newbyteorder(order))
        image = kind(stored, affine(axes, (2, 1.5, 3)), header)
        if scaling:
            image.header.set_slope_inter(*scaling)
        # nibabel would fit the scaling to the data.
        if scaling:
            image = kind(stored * scaling[0] + scaling[1], affine(axes, (2, 1.5, 3)), header)
            image.header.set_slope_inter(*scaling)
        image.set_qform(image.affine, code=1)
        image.set_sform(image.affine, code=0 if axes == "LAS" else 2)
        image.to_filename(folder / name)
        read = nibabel.load(folder / name)
        assert "".join(nibabel.aff2axcodes(read.affine)) == axes, name
        canonical = nibabel.as_closest_canonical(read)
        data = canonical.get_fdata()
        for volume in range(extents[3] if len(extents) > 3 else 1):
            values = data[..., volume] if data.ndim > 3 else data
            positive = values[values > 0]
            low, high = np.percentile(positive, [0.5, 99.5])
            levels = np.clip((values - low) / (high - low), 0, 1)
            for axis, take in (("axial", lambda v, k: v[::-1, ::-1, k].T), ("coronal", lambda v, k: v[::-1, k, ::-1].T),
                               ("sagittal", lambda v, k: v[k, ::-1, ::-1].T)):
                for k in (0, 2):
                    whole = np.all(values >= 0) and np.all(values == np.round(values))
                    note(name, take(levels, k), frame=k, axis=axis, volume=volume,
                         **({"values": take(values, k)} if whole else {}))
    mask = RANDOM.integers(0, 3, shape).astype(np.uint8)
    nibabel.Nifti1Image(mask, affine("LAS", (2, 1.5, 3))).to_filename(folder / "las_mask.nii.gz")


def write_tiff():
    grey8 = RANDOM.integers(0, 256, (ROWS, COLUMNS)).astype(np.uint8)
    grey16 = RANDOM.integers(0, 65536, (ROWS, COLUMNS)).astype(np.uint16)
    color8 = RANDOM.integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    color16 = RANDOM.integers(0, 65536, (ROWS, COLUMNS, 3)).astype(np.uint16)
    large = RANDOM.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    tifffile.imwrite(folder / "grey8.tif", grey8, compression="zlib")
    note("grey8.tif", grey8 / 255, values=grey8)
    tifffile.imwrite(folder / "grey16_big.tif", grey16, byteorder=">", bigtiff=True)
    note("grey16_big.tif", grey16 / 65535, values=grey16)
    tifffile.imwrite(folder / "inverted.tif", grey8, photometric="miniswhite")
    note("inverted.tif", 1 - grey8 / 255, values=grey8)
    tifffile.imwrite(folder / "rgb16.tif", color16, photometric="rgb")
    note("rgb16.tif", color16 / 65535)
    tifffile.imwrite(folder / "planes.tif", color8.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    note("planes.tif", color8 / 255)
    tifffile.imwrite(folder / "tiles.tif", large, photometric="rgb", tile=(16, 32), compression="zlib")
    note("tiles.tif", large / 255)
    with tifffile.TiffWriter(folder / "pages.tif") as writer:
        for page in range(3):
            values = RANDOM.integers(0, 256, (ROWS, COLUMNS)).astype(np.uint8)
            writer.write(values, contiguous=False)
            note("pages.tif", values / 255, frame=page)
    indexed = Image.fromarray(RANDOM.integers(0, 5, (ROWS, COLUMNS)).astype(np.uint8), "P")
    indexed.putpalette(RANDOM.integers(0, 256, 768).astype(np.uint8).tobytes())
    indexed.save(folder / "palette.tif", compression="tiff_lzw")
    note("palette.tif", np.asarray(indexed.convert("RGB")) / 255, values=np.asarray(indexed))
    bits = Image.fromarray(RANDOM.integers(0, 2, (ROWS, COLUMNS)).astype(bool))
    bits.save(folder / "bits.tif", compression="group4")
    note("bits.tif", np.asarray(bits).astype(float))
    tifffile.imwrite(folder / "floating.tif", grey8.astype(np.float32))
    (folder / "truncated.tif").write_bytes((folder / "rgb16.tif").read_bytes()[:-200])
    whole = (folder / "rgb16.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) - 300])

    for name, picture in (("color.bmp", Image.fromarray(color8)), ("grey.bmp", Image.fromarray(grey8)), ("palette.bmp", indexed),
                          ("bits.bmp", bits)):
        picture.save(folder / name)
        stored = np.asarray(picture) if name == "palette.bmp" else grey8 if name == "grey.bmp" else None
        note(name, np.asarray(picture.convert("RGB")) / 255, values=stored)
    rgba = Image.fromarray(np.concatenate([color8, grey8[..., None]], axis=2), "RGBA")
    rgba.save(folder / "alpha.bmp")
    note("alpha.bmp", color8 / 255)
    (folder / "truncated.bmp").write_bytes((folder / "color.bmp").read_bytes()[:-30])

    # Pillow keeps eight of these sixteen bits; the file is written by hand.
    write_png16(folder / "rgb16.png", color16)
    note("rgb16.png", color16 / 65535)


def write_png16(path, pixels):
    import struct
    import zlib
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    folder = pathlib.Path(parser.parse_args().output)
    folder.mkdir(parents=True, exist_ok=True)
    write_dicom()
    write_series()
    write_nifti()
    write_tiff()
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    print(f"{sum(len(v) for v in expected.values())} images in {len(expected)} files")
