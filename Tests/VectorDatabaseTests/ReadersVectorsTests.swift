import Foundation
import TestSupport
import Testing
import VectorDatabase

@Suite struct ReadersVectorsTests {
    let folder = TemporaryFolder()

    private func fvecs(_ vectors: [[Float]]) -> [UInt8] {
        vectors.flatMap { vector in
            little(UInt32(vector.count)) + vector.flatMap { little($0.bitPattern) }
        }
    }

    private func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private func npy(_ type: String, _ shape: String, _ body: [UInt8], order: String = "False")
        -> [UInt8]
    {
        let header =
            "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(shape)), }      \n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(UInt16(header.utf8.count))
            + Array(header.utf8) + body
    }

    @Test func fvecsWithIdentifiers() async throws {
        let vectors: [[Float]] = [[1, 2.5], [-3, 0]]
        let path = try folder.write("base.fvecs", fvecs(vectors))
        let ids = try folder.write("ids.txt", "a\r\nb\n\n")
        let documents = try await read([path]) { $0.idsPath = ids }
        #expect(documents.map(\.id) == ["a", "b"])
        #expect(documents.map(\.vector) == vectors)
        let derived = try await read([path]) { $0.baseFolder = folder.path }
        #expect(derived.map(\.id) == ["base.fvecs:1", "base.fvecs:2"])
    }

    @Test func wholeDocumentsAsIdentifiers() async throws {
        let path = try folder.write("base.fvecs", fvecs([[1], [2]]))
        let ids = try folder.write(
            "ids.jsonl", "{\"_id\":\"a\",\"text\":\"T\",\"year\":1}\n{\"_id\":\"b\"}\n")
        let documents = try await read([path]) { $0.idsPath = ids }
        #expect(documents.map(\.id) == ["a", "b"])
        #expect(documents[0].text == "T" && documents[0].metadata == ["year": 1])
        #expect(documents.map(\.vector) == [[1], [2]])
    }

    @Test(arguments: ["a\n", "a\nb\nc\n"]) func aWrongNumberOfIdentifiers(ids: String) async throws
    {
        let path = try folder.write("base.fvecs", fvecs([[1], [2]]))
        let idsPath = try folder.write("ids.txt", ids)
        let sentence = await failure(path) { $0.idsPath = idsPath }
        let count = ids.count / 2
        #expect(
            sentence
                == "ids.txt: has \(count) ids for the 2 vectors of base.fvecs"
        )
    }

    @Test func npyOfEveryElementType() async throws {
        let values: [Float] = [1, -2.5, 0, 65504, 0x1p-24, 0.5]
        let half: [UInt16] = [0x3C00, 0xC100, 0, 0x7BFF, 1, 0x3800]
        let bodies: [(String, [UInt8])] = [
            ("<f4", values.flatMap { little($0.bitPattern) }),
            ("<f8", values.flatMap { little(Double($0).bitPattern) }),
            ("<f2", half.flatMap { little($0) }),
        ]
        for (type, body) in bodies {
            let path = try folder.write("a.npy", npy(type, "2, 3", body))
            #expect(
                try await read([path]).map(\.vector) == [Array(values[..<3]), Array(values[3...])],
                "\(type)")
        }
    }

    /// The largest numbers that a header can hold: products of them overflow, and a file of a few
    /// bytes must not make the reader reserve what they promise.
    @Test(arguments: ["0", "-1", "2147483648", "9223372036854775807", "18446744073709551616"])
    func numbersInHeaders(number: String) async throws {
        let body = [Float](repeating: 1, count: 6).flatMap { little($0.bitPattern) }
        for shape in ["\(number), 3", "2, \(number)", "\(number), \(number)", "\(number),"] {
            let path = try folder.write("a.npy", npy("<f4", shape, body))
            let sentence = await failure(path)
            #expect(sentence.hasPrefix("a.npy: "), "\(shape): \(sentence)")
        }
        guard let dimensions = Int64(number).map(Int32.init(truncatingIfNeeded:)) else { return }
        let sentence = await failure(try folder.write("a.fvecs", little(dimensions) + body))
        #expect(sentence.hasPrefix("a.fvecs: "), "\(sentence)")
    }

    @Test func arraysThatAreNotWhatTheyShouldBe() async throws {
        let body = [UInt8](repeating: 0, count: 24)
        let cases: [([UInt8], String)] = [
            (npy(">f4", "2, 3", body), "elements of type '>f4'"),
            (npy("<i4", "2, 3", body), "elements of type '<i4'"),
            (npy("<f4", "6,", body), "has the shape (6)"),
            (npy("<f4", "2, 3", body, order: "True"), "is in Fortran order"),
            (npy("<f4", "3, 3", body), "ends after 2 of 3 rows"),
            (npy("<f4", "1, 3", body), "has bytes after its 1 rows"),
            (npy("<f4", "2, 3", body.dropLast(2)), "it is cut short"),
            (npy("<f4", "2, 99999999", body), "has the shape (2, 99999999)"),
            (Array("not an array".utf8), "is not an .npy file"),
        ]
        for (bytes, reason) in cases {
            let sentence = await failure(try folder.write("a.npy", bytes))
            #expect(sentence.hasPrefix("a.npy: ") && sentence.contains(reason), "\(sentence)")
        }
        let ragged = try folder.write("r.fvecs", fvecs([[1, 2], [1, 2, 3]]))
        #expect(
            await failure(ragged).contains("vector 2 gives its dimension as 3"))
        let cut = try folder.write("c.fvecs", fvecs([[1, 2]]).dropLast(3))
        #expect(await failure(cut).contains("it is cut short"))
        let hostile = try folder.write("h.fvecs", [0xFF, 0xFF, 0xFF, 0x7F, 0, 0])
        #expect(await failure(hostile).contains("gives its dimension as 2147483647"))
        let infinite = try folder.write("i.fvecs", fvecs([[1], [.infinity]]))
        #expect(
            await failure(infinite).hasPrefix("i.fvecs:2: the vector has a component that is not"))
    }
}
