import FileFormat

/// `.npz` (NumPy): a ZIP archive of `.npy` arrays, one of which is the vectors: the only one, or the
/// one named `vectors`, `embeddings` or `arr_0`.
enum NpzSource {
    static func open(_ file: InputFile) throws -> NpySource {
        let archive = try ZipArchive(at: file.location, path: file.path, limit: .max)
        let names = archive.names.keys.sorted().map(\.text).filter { $0.hasSuffix(".npy") }
        let chosen =
            names.count == 1
            ? names.first
            : ["vectors.npy", "embeddings.npy", "arr_0.npy"].first { names.contains($0) }
        guard let chosen, let stream = try archive.stream(chosen) else {
            let list = names.prefix(8).map { String($0.dropLast(4)) }.joined(separator: ", ")
            throw SourceError.unusableContent(
                path: file.path,
                reason: names.isEmpty
                    ? "has no arrays"
                    : "has the arrays \(list), none of which is named vectors, embeddings or arr_0")
        }
        return try NpySource(stream, path: file.path)
    }
}
