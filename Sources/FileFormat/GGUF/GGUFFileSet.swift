import TextBytes

/// A model's GGUF file, or its parts `NAME-00001-of-00003.gguf` and so on, the first of which has
/// the metadata.
package struct GGUFFileSet: Sendable {
    /// The path of the first file.
    package let path: String
    /// The files in order.
    package let files: [GGUFFile]
    /// The metadata of the first file.
    package var metadata: GGUFMetadata { files[0].metadata }
    /// The tensors of all files, in order.
    package let tensors: [GGUFTensor]
    private let places: [String: Int]

    /// More parts than any model has are rejected.
    private static let maximumParts = 4096

    package init(_ file: GGUFFile) throws(GGUFError) { try self.init(files: [file]) }

    /// Opens a file, and the other parts if it is one of several.
    package init(path: String) throws(GGUFError) {
        let given = try GGUFFile(path: path)
        let count = try given.metadata.integer("split.count", in: 0...Self.maximumParts) ?? 1
        guard count > 1 else {
            try self.init(files: [given])
            return
        }
        guard let stem = Self.stem(of: path, count: count) else {
            throw .badSplitName(path: path, count: count)
        }
        var files: [GGUFFile] = []
        for number in 1...count {
            let part = "\(stem)\(Self.padded(number))-of-\(Self.padded(count)).gguf"
            let file = part.hasSameBytes(as: path) ? given : try GGUFFile(path: part)
            let total = try file.metadata.integer("split.count", in: 0...Self.maximumParts)
            let index = try file.metadata.integer("split.no", in: 0...Self.maximumParts)
            guard total == count, index == number - 1 else {
                let found = index.map { "part \($0 + 1)" } ?? "no part"
                throw .wrongPart(
                    path: part, expected: "part \(number) of \(count)",
                    found: "\(found) of \(total ?? 1)")
            }
            files.append(file)
        }
        try self.init(files: files)
        let expected = try metadata.integer("split.tensors.count", in: 0...(1 << 30))
        if let expected, expected != tensors.count {
            throw .wrongTensorCount(path: path, expected: expected, found: tensors.count)
        }
    }

    private init(files: [GGUFFile]) throws(GGUFError) {
        self.files = files
        path = files[0].path
        tensors = files.flatMap(\.tensors)
        var places: [String: Int] = [:]
        for (index, tensor) in tensors.enumerated() {
            guard places.updateValue(index, forKey: tensor.name) == nil else {
                throw .duplicateTensor(path: path, tensor: tensor.name)
            }
        }
        self.places = places
    }

    package func tensor(named name: String) -> GGUFTensor? { places[name].map { tensors[$0] } }

    /// Five digits, as llama.cpp's gguf-split writes them.
    static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// The part of the path before the part's number: `NAME-`.
    private static func stem(of path: String, count: Int) -> Substring? {
        let ending = "-of-\(padded(count)).gguf"
        guard path.hasSuffix(ending) else { return nil }
        let rest = path.dropLast(ending.count)
        let digits = rest.suffix(5)
        guard digits.count == 5, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            rest.dropLast(5).last == "-"
        else { return nil }
        return rest.dropLast(5)
    }
}
