import FileFormat
import Foundation

/// A cache file that an input describes.
///
/// Checksums would stop all but one input in 2^128, so an input is a list of changes to a sound file,
/// after which the checksums are made right again: what comes is a file that somebody made on
/// purpose.
///
///     input = base, flags, change …       change = kind, offset (3), length, bytes
///
/// Base 255: the rest is a file as it is. Flag 1: the sections' checksums are made right, too, not
/// the trailer's alone.
struct CacheFileInput {
    private static let page = SectionFileLayout.page
    private(set) var bytes: [UInt8]

    /// - Parameter bases: sound files, at least one.
    init?(_ input: [UInt8], bases: [[UInt8]]) {
        guard input.count >= 2 else { return nil }
        if input[0] == 255 {
            bytes = Array(input[2...])
        } else {
            bytes = bases[Int(input[0]) % bases.count]
            var rest = input[2...]
            while rest.count >= 6, !bytes.isEmpty { change(by: &rest) }
        }
        if input[1] & 1 != 0 { sealSections() }
        sealTrailer()
    }

    /// Kinds: 0 and 1 in the trailer, 2 anywhere, 3 cuts the file to pages.
    private mutating func change(by rest: inout ArraySlice<UInt8>) {
        let kind = rest.removeFirst() % 4
        let offset = (0..<3).reduce(0) { sum, _ in sum << 8 | Int(rest.removeFirst()) }
        let length = Int(rest.removeFirst())
        let patch = rest.prefix(length)
        rest = rest.dropFirst(length)
        if kind == 3 {
            bytes.removeLast(bytes.count - min(bytes.count, (1 + offset % 16) * Self.page))
            return
        }
        let start =
            kind < 2
            ? max(0, bytes.count - Self.page) + offset % Self.page : offset % bytes.count
        for (index, byte) in patch.enumerated() where start + index < bytes.count {
            bytes[start + index] = byte
        }
    }

    private mutating func sealSections() {
        guard bytes.count >= 2 * Self.page else { return }
        let trailer = bytes.count - Self.page
        let table = trailer + SectionFileLayout.tableOffset
        func number(_ offset: Int) -> Int {
            bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        for entry in 0..<min(8, max(0, number(table))) {
            let place = table + 8 + entry * SectionFileLayout.entryBytes
            let (offset, count) = (number(place + 8), number(place + 16))
            guard offset >= 0, count >= 0, offset <= trailer, count <= trailer - offset
            else { continue }
            let hash = bytes.withUnsafeBytes {
                ContentHash(of: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            bytes.replaceSubrange(place + 24..<place + 40, with: hash.bytes)
        }
    }

    private mutating func sealTrailer() {
        guard bytes.count >= 2 * Self.page else { return }
        let trailer = bytes.count - Self.page
        let covered = Self.page - SectionFileLayout.checksumBytes
        let checksum = bytes.withUnsafeBytes { all in
            SectionFileLayout.checksum(
                firstPage: UnsafeRawBufferPointer(rebasing: all[..<Self.page]),
                trailer: UnsafeRawBufferPointer(rebasing: all[trailer..<trailer + covered]))
        }
        bytes.replaceSubrange(trailer + covered..<bytes.count, with: checksum)
    }
}
