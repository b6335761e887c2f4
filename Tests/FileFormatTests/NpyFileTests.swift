import FileFormat
import Foundation
import TestSupport
import Testing

@Suite struct NpyFileTests {
    /// As `numpy.save` writes an array of two rows and three columns.
    private func file(
        _ numbers: [UInt8], type: String = "<f4", shape: String = "(2, 3)",
        fortran: String = "False"
    ) -> [UInt8] {
        var header = "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
            + Array(header.utf8) + numbers
    }

    private let floats: [UInt8] = [1.5, -2, 3, 4, 5, 6].flatMap { (number: Float) in
        withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
    }

    private func open(_ bytes: [UInt8]) throws -> NpyFile {
        let folder = TemporaryFolder()
        let path = folder.url.appendingPathComponent("a.npy").path
        try Data(bytes).write(to: URL(filePath: path))
        return try NpyFile(path: path)
    }

    @Test func readsRows() throws {
        let array = try open(file(floats))
        #expect(array.rows == 2 && array.columns == 3)
        #expect(array.row(0) == [1.5, -2, 3] && array.row(1) == [4, 5, 6])
        let halves = try open(file([0, 0x3E, 0, 0xC0], type: "<f2", shape: "(2, 1)"))
        #expect(halves.row(0) == [1.5] && halves.row(1) == [-2])
    }

    @Test func refusesOthers() {
        func problem(_ bytes: [UInt8]) -> NpyError? {
            do {
                _ = try open(bytes)
                return nil
            } catch { return error as? NpyError }
        }
        #expect(problem([]) == .notNumPy)
        #expect(problem(Array("{\"a\": 1}".utf8)) == .notNumPy)
        #expect(problem(Array(file(floats).prefix(9))) == .unusableHeader)
        #expect(problem(Array(file(floats).prefix(60))) == .unusableHeader)
        #expect(problem(file(floats, type: "<i4")) == .elementType("<i4"))
        #expect(problem(file(floats, fortran: "True")) == .fortranOrder)
        #expect(problem(file(floats, shape: "(6,)")) == .shape([6]))
        #expect(problem(file(floats + [0])) == .size(found: 25, expected: 24))
        #expect(problem(Array(file(floats).dropLast())) == .size(found: 23, expected: 24))
        #expect(
            problem(file(floats, shape: "(9223372036854775807, 3)"))
                == .size(found: 24, expected: .max))
    }
}
