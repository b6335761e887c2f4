/// A pattern of paths, as `.gitignore` has them.
///
/// `*` and `?` match within a name, `[a-z]` and `[!a-z]` a byte of one, and `**` any number of
/// folders. A pattern with a slash before its end is relative to the folder that it is given for;
/// any other matches at every depth. A slash at the end restricts it to folders. A backslash takes
/// the next character literally. Matching takes time proportional to the lengths' product, whatever
/// the pattern.
struct PathPattern: Sendable, Equatable {
    /// Whether a match takes a path back in: the pattern began with `!`.
    let isNegated: Bool
    /// Whether only folders match.
    let matchesOnlyFolders: Bool
    private let parts: [Part]

    private enum Part: Sendable, Equatable {
        case anyFolders
        case name([UInt8])
    }

    /// - Parameter line: a line of an ignore file; `nil` results from an empty line and a comment.
    init?(line: some Sequence<UInt8>) {
        var text = Array(line)
        if text.last == 13 { text.removeLast() }
        while text.last == 32, text.dropLast().last != UInt8(ascii: "\\") { text.removeLast() }
        if text.first == UInt8(ascii: "#") { return nil }
        self.init(text)
    }

    /// - Parameter argument: a pattern of the command line, where `#` and spaces are nothing special.
    init?(argument: String) { self.init(Array(argument.utf8)) }

    private init?(_ pattern: [UInt8]) {
        var text = pattern[...]
        isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text = text.dropFirst() }
        matchesOnlyFolders = text.last == UInt8(ascii: "/")
        if matchesOnlyFolders { text = text.dropLast() }
        let isAnchored = text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        if text.isEmpty { return nil }
        var parts: [Part] = isAnchored ? [] : [.anyFolders]
        for name in text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let part = name.elementsEqual("**".utf8) ? Part.anyFolders : .name(Array(name))
            if part != .anyFolders || parts.last != .anyFolders { parts.append(part) }
        }
        // `a/**` is what is in `a`, not `a` itself.
        if parts.last == .anyFolders { parts.append(.name(Array("*".utf8))) }
        self.parts = parts
    }

    /// Whether a path, as names relative to the pattern's folder, matches.
    func matches(_ path: ArraySlice<[UInt8]>, isFolder: Bool) -> Bool {
        if matchesOnlyFolders, !isFolder { return false }
        // reached[n]: whether the names so far can be matched by the first n parts.
        var reached = [Bool](repeating: false, count: parts.count + 1)
        reached[0] = true
        skipAnyFolders(&reached)
        for name in path {
            var next = [Bool](repeating: false, count: parts.count + 1)
            for (index, part) in parts.enumerated() where reached[index] {
                switch part {
                case .anyFolders: next[index] = true
                case .name(let glob): if Self.matches(glob, name) { next[index + 1] = true }
                }
            }
            skipAnyFolders(&next)
            reached = next
        }
        return reached[parts.count]
    }

    /// `**` also matches no folder at all.
    private func skipAnyFolders(_ reached: inout [Bool]) {
        for (index, part) in parts.enumerated() where reached[index] && part == .anyFolders {
            reached[index + 1] = true
        }
    }

    /// Whether a name matches; after a mismatch only the last `*` is tried with one byte more.
    private static func matches(_ glob: [UInt8], _ name: [UInt8]) -> Bool {
        var (place, index) = (0, 0)
        var star: (place: Int, index: Int)?
        while index < name.count {
            if place < glob.count, glob[place] == UInt8(ascii: "*") {
                star = (place + 1, index)
                place += 1
            } else if let length = step(glob, at: place, byte: name[index]) {
                place += length
                index += 1
            } else if let last = star {
                star = (last.place, last.index + 1)
                (place, index) = (last.place, last.index + 1)
            } else {
                return false
            }
        }
        return glob[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The length of the glob's element at `place` if it matches the byte.
    private static func step(_ glob: [UInt8], at place: Int, byte: UInt8) -> Int? {
        guard place < glob.count else { return nil }
        switch glob[place] {
        case UInt8(ascii: "?"): return 1
        case UInt8(ascii: "\\") where place + 1 < glob.count:
            return glob[place + 1] == byte ? 2 : nil
        case UInt8(ascii: "["):
            guard let (holds, length) = set(glob[place...], holds: byte) else {
                return byte == UInt8(ascii: "[") ? 1 : nil
            }
            return holds ? length : nil
        default: return glob[place] == byte ? 1 : nil
        }
    }

    /// Whether the set that begins here holds the byte, and the set's length; `nil` if it is never
    /// closed.
    private static func set(
        _ glob: ArraySlice<UInt8>, holds byte: UInt8
    ) -> (holds: Bool, length: Int)? {
        var place = glob.startIndex + 1
        var isNegated = false
        if place < glob.endIndex,
            glob[place] == UInt8(ascii: "!") || glob[place] == UInt8(ascii: "^")
        {
            isNegated = true
            place += 1
        }
        var found = false
        let first = place
        while place < glob.endIndex {
            if glob[place] == UInt8(ascii: "]"), place > first {
                return (found != isNegated, place + 1 - glob.startIndex)
            }
            if glob[place] == UInt8(ascii: "\\"), place + 1 < glob.endIndex { place += 1 }
            let low = glob[place]
            if place + 2 < glob.endIndex, glob[place + 1] == UInt8(ascii: "-"),
                glob[place + 2] != UInt8(ascii: "]")
            {
                if low <= byte, byte <= glob[place + 2] { found = true }
                place += 3
            } else {
                if low == byte { found = true }
                place += 1
            }
        }
        return nil
    }
}
