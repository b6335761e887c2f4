import Foundation

/// Documents written by the libraries that people write them with; see
/// `Fixtures/documents/make_documents.py`.
package enum DocumentFixtures {
    /// What a document has, in order.
    package struct Expected: Decodable, Sendable {
        package let title: String
        package let texts: [String]
    }

    package static let folder = Bundle.module.bundlePath + "/Fixtures/documents"

    package static func path(_ name: String) -> String { folder + "/" + name }

    package static func expected() throws -> [String: Expected] {
        try JSONDecoder().decode(
            [String: Expected].self,
            from: Data(contentsOf: URL(fileURLWithPath: path("expected.json"))))
    }
}

/// Writes ZIP archives whose entries are not compressed.
package enum ZipWriter {
    package static func archive(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        for (name, bytes) in entries {
            let name = Array(name.utf8)
            let shared =
                little(20, 2) + little(0, 8) + little(Int(checksum(bytes)), 4)
                + little(bytes.count, 4) + little(bytes.count, 4) + little(name.count, 2)
                + little(0, 2)
            directory +=
                [0x50, 0x4B, 1, 2] + little(20, 2) + shared + little(0, 10)
                + little(archive.count, 4) + name
            archive += [0x50, 0x4B, 3, 4] + shared + name + bytes
        }
        return archive + directory + [0x50, 0x4B, 5, 6] + little(0, 4)
            + little(entries.count, 2) + little(entries.count, 2) + little(directory.count, 4)
            + little(archive.count, 4) + little(0, 2)
    }

    /// CRC-32 as ZIP has it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~crc
    }
}
