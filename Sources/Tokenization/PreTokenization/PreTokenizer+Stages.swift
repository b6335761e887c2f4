extension PreTokenizer.Stage {
    func apply(to list: inout PieceList, leading: Int, classes: ScalarClasses) {
        switch self {
        case .byteLevel(let addPrefixSpace, let usesExpression, let spells):
            if addPrefixSpace {
                list.rewrite { piece, _, out in
                    if piece.first != 0x20 { out.append(0x20) }
                    out.append(contentsOf: piece)
                }
            }
            if usesExpression { list.split(.scanner(.gpt2), .isolated, inverted: false, classes) }
            if spells {
                list.rewrite { piece, _, out in ByteAlphabet.spell(piece, into: &out) }
            }
        case .split(let pattern, let behavior, let inverted):
            list.split(pattern, behavior, inverted: inverted, classes)
        case .metaspace(let metaspace):
            metaspace.apply(to: &list, leading: leading, classes: classes)
        case .digits(let individually):
            list.splitScalars(individually ? .isolated : .contiguous) { scalar in
                classes.categoryBit(scalar) & CategorySet.number != 0
            }
        case .whitespace:
            // `\w+|[^\w\s]+`, of which only the matches are kept.
            list.splitRuns { scalar in
                let properties = classes.properties(scalar)
                if properties & ScalarClasses.word != 0 { return 1 }
                return properties & ScalarClasses.whiteSpace != 0 ? 0 : 2
            }
        case .whitespaceSplit:
            list.splitScalars(.removed) { classes.isWhiteSpace($0) }
        case .punctuation(let behavior):
            list.splitScalars(behavior) { Self.isPunctuation($0, classes) }
        case .delimiter(let delimiter):
            list.splitScalars(.removed) { $0 == delimiter.value }
        case .bert:
            list.splitScalars(.removed) { classes.isWhiteSpace($0) }
            list.splitScalars(.isolated) { Self.isPunctuation($0, classes) }
        case .fixedLength(let length):
            list.splitEvery(length)
        }
    }

    /// Punctuation of Unicode 8 and ASCII symbols: Hugging Face's library uses the tables of that
    /// version, in which two more characters are punctuation.
    static func isPunctuation(_ scalar: UInt32, _ classes: ScalarClasses) -> Bool {
        switch scalar {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E, 0x166D, 0x111C9: true
        case 0..<0x80: false
        default:
            classes.categoryBit(scalar) & CategorySet.punctuation != 0
                && Unicode.Scalar(scalar).map { ScalarClasses.isKnown($0.properties, to: 8) }
                    == true
        }
    }
}

extension PreTokenizer.Metaspace {
    /// Replaces spaces by the replacement, prepends one according to the scheme, and splits pieces
    /// before each.
    func apply(to list: inout PieceList, leading: Int, classes: ScalarClasses) {
        list.rewrite { piece, start, out in
            let prepends =
                switch prependScheme {
                case .never: false
                case .always: true
                case .first: start < leading
                }
            if prepends, piece.first != 0x20, !piece.starts(with: replacement) {
                out.append(contentsOf: replacement)
            }
            for byte in piece {
                if byte == 0x20 {
                    out.append(contentsOf: replacement)
                } else {
                    out.append(byte)
                }
            }
        }
        if splits { list.split(.literal(replacement), .mergedWithNext, inverted: false, classes) }
    }
}

extension PieceList {
    mutating func split(
        _ pattern: TextPattern, _ behavior: SplitBehavior, inverted: Bool, _ classes: ScalarClasses
    ) {
        if case .scanner(let scanner) = pattern,
            behavior == .isolated || (inverted && behavior == .removed)
        {
            // The matches cover the text, so they are the pieces.
            split { buffer, piece, out in
                let text = UnsafeBufferPointer(rebasing: buffer[piece])
                var at = 0
                while at < text.count {
                    let end = scanner.end(of: text, from: at, classes: classes)
                    out.append(piece.lowerBound + at..<piece.lowerBound + end)
                    at = end
                }
            }
            return
        }
        var parts: [SplitBehavior.Part] = []
        split { buffer, piece, out in
            parts.removeAll(keepingCapacity: true)
            var done = piece.lowerBound
            let text = UnsafeBufferPointer(rebasing: buffer[piece])
            pattern.forEachMatch(in: text, classes: classes) { match in
                let start = piece.lowerBound + match.lowerBound
                let end = piece.lowerBound + match.upperBound
                if done < start { parts.append(.init(range: done..<start, matched: inverted)) }
                parts.append(.init(range: start..<end, matched: !inverted))
                done = end
            }
            if done < piece.upperBound {
                parts.append(.init(range: done..<piece.upperBound, matched: inverted))
            }
            behavior.join(parts, into: &out)
        }
    }

    /// Splits at every scalar that `matches`; each such scalar is a separate match.
    mutating func splitScalars(_ behavior: SplitBehavior, _ matches: (UInt32) -> Bool) {
        var parts: [SplitBehavior.Part] = []
        split { buffer, piece, out in
            parts.removeAll(keepingCapacity: true)
            UTF8Text.forEachScalar(in: UnsafeBufferPointer(rebasing: buffer[piece])) {
                scalar, place in
                let range =
                    piece.lowerBound + place.lowerBound..<piece.lowerBound + place.upperBound
                let matched = matches(scalar)
                if !matched, let last = parts.last, !last.matched {
                    parts[parts.count - 1].range = last.range.lowerBound..<range.upperBound
                } else {
                    parts.append(.init(range: range, matched: matched))
                }
            }
            behavior.join(parts, into: &out)
        }
    }

    /// Splits into runs of scalars of the same kind; kind 0 is dropped.
    mutating func splitRuns(_ kind: (UInt32) -> Int) {
        split { buffer, piece, out in
            var current = 0
            UTF8Text.forEachScalar(in: UnsafeBufferPointer(rebasing: buffer[piece])) {
                scalar, place in
                let range =
                    piece.lowerBound + place.lowerBound..<piece.lowerBound + place.upperBound
                let next = kind(scalar)
                if next != 0, next == current, let last = out.last {
                    out[out.count - 1] = last.lowerBound..<range.upperBound
                } else if next != 0 {
                    out.append(range)
                }
                current = next
            }
        }
    }

    /// Splits into pieces of `length` scalars.
    mutating func splitEvery(_ length: Int) {
        split { buffer, piece, out in
            var start = piece.lowerBound
            var taken = 0
            UTF8Text.forEachScalar(in: UnsafeBufferPointer(rebasing: buffer[piece])) { _, place in
                if taken == length {
                    out.append(start..<piece.lowerBound + place.lowerBound)
                    start = piece.lowerBound + place.lowerBound
                    taken = 0
                }
                taken += 1
            }
            if start < piece.upperBound { out.append(start..<piece.upperBound) }
        }
    }
}
