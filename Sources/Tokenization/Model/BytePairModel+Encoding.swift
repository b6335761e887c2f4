extension BytePairModel {
    /// Appends the ids of a piece.
    ///
    /// - Parameter isBytes: whether the piece is plain text that stands for its spelling in the
    ///   byte alphabet; only if there are `byteSymbols`.
    func encode(
        _ piece: UnsafeBufferPointer<UInt8>, isBytes: Bool, into output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        guard let base = piece.baseAddress, piece.count > 0 else { return }
        if isBytes, let byteSymbols {
            encodeBytes(base, piece.count, byteSymbols, &output, scratch)
        } else if let wordStart {
            encodeWords(piece, base, startingWith: wordStart, &output, scratch)
        } else {
            encodeCharacters(base, piece.count, &output, scratch)
        }
    }

    // MARK: Byte-level

    @inline(__always)
    private func encodeBytes(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ symbols: [Int32],
        _ output: inout [Int32], _ scratch: EncodingScratch
    ) {
        if count == 1 {
            output.append(symbols[Int(bytes[0])])
            return
        }
        let cacheable = count <= WordCache.longestWord
        var hash: UInt32 = 0
        if cacheable {
            hash = ByteHash.hash(bytes, count)
            if scratch.words.append(bytes, count, hash: hash, to: &output) { return }
        }
        let first = output.count
        let whole = settings.ignoresMerges ? idOfSpelled(bytes, count, scratch) : -1
        if whole >= 0 {
            output.append(whole)
        } else if count <= Merging.longestScanned {
            for index in 0..<count { scratch.symbols[index] = symbols[Int(bytes[index])] }
            mergeScratch(count, &output, scratch)
        } else {
            var many = (0..<count).map { symbols[Int(bytes[$0])] }
            merges.withLookup { Merging.queue(&many, lookup: $0) }
            output.append(contentsOf: many)
        }
        if cacheable {
            scratch.words.insert(bytes, count, hash: hash, ids: output[first...])
        }
    }

    /// The id of the token that the bytes' spelling in the byte alphabet is, or -1.
    private func idOfSpelled(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch
    ) -> Int32 {
        scratch.spelled.removeAll(keepingCapacity: true)
        ByteAlphabet.spell(
            UnsafeBufferPointer(start: bytes, count: count), into: &scratch.spelled)
        return scratch.spelled.withUnsafeBufferPointer { vocabulary.id(of: $0) }
    }

    @inline(__always)
    private func mergeScratch(_ count: Int, _ output: inout [Int32], _ scratch: EncodingScratch) {
        let left = merges.withLookup {
            Merging.scan(scratch.symbols, scratch.ranks, count: count, lookup: $0)
        }
        output.append(contentsOf: UnsafeBufferPointer(start: scratch.symbols, count: left))
    }

    // MARK: Characters

    /// Splits the piece before each run of the mark, which no merge can cross.
    private func encodeWords(
        _ piece: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>,
        startingWith mark: [UInt8], _ output: inout [Int32], _ scratch: EncodingScratch
    ) {
        func isMark(_ at: Int) -> Bool {
            at + 2 < piece.count && base[at] == mark[0] && base[at + 1] == mark[1]
                && base[at + 2] == mark[2]
        }
        var start = 0
        var at = 0
        while at < piece.count {
            while isMark(at) { at += 3 }
            while at < piece.count, !isMark(at) { at += 1 }
            encodeCharacters(base + start, at - start, &output, scratch)
            start = at
        }
    }

    private func encodeCharacters(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        let cacheable = count <= WordCache.longestWord
        var hash: UInt32 = 0
        if cacheable {
            hash = ByteHash.hash(bytes, count)
            if scratch.words.append(bytes, count, hash: hash, to: &output) { return }
        }
        let first = output.count
        let piece = UnsafeBufferPointer(start: bytes, count: count)
        let whole = settings.ignoresMerges ? vocabulary.id(of: piece) : -1
        if whole >= 0 {
            output.append(whole)
        } else {
            var symbols = scratch.longSymbols
            scratch.longSymbols = []
            symbols.removeAll(keepingCapacity: true)
            appendSymbols(of: bytes, count, to: &symbols)
            if symbols.count <= Merging.longestScanned {
                for (index, symbol) in symbols.enumerated() { scratch.symbols[index] = symbol }
                mergeScratch(symbols.count, &output, scratch)
            } else {
                merges.withLookup { Merging.queue(&symbols, lookup: $0) }
                output.append(contentsOf: symbols)
            }
            scratch.longSymbols = symbols
        }
        // A word may have more ids than bytes if a prefix or suffix falls back to bytes.
        if cacheable, output.count - first <= Int(UInt16.max) {
            scratch.words.insert(bytes, count, hash: hash, ids: output[first...])
        }
    }

    /// Appends one symbol for each character, before any merge. A character that is not in the
    /// vocabulary becomes its bytes' symbols, else the unknown token (one for each, or one for a
    /// run), else nothing. As in Hugging Face's library, a pending unknown token is written when
    /// the next known character is reached, after byte symbols in between.
    private func appendSymbols(
        of bytes: UnsafePointer<UInt8>, _ count: Int, to symbols: inout [Int32]
    ) {
        let plain = settings.continuingSubwordPrefix.isEmpty && settings.endOfWordSuffix.isEmpty
        var unknownPending = false
        var at = 0
        var affixed: [UInt8] = []
        while at < count {
            let length = UTF8Text.length(lead: bytes[at])
            var character = UnsafeBufferPointer(start: bytes + at, count: length)
            var id: Int32
            if plain {
                id = length == 1 ? asciiSymbols[Int(bytes[at])] : vocabulary.id(of: character)
            } else {
                affixed = at > 0 ? settings.continuingSubwordPrefix : []
                affixed.append(contentsOf: character)
                if at + length == count { affixed += settings.endOfWordSuffix }
                id = vocabulary.id(of: affixed) ?? -1
            }
            at += length
            if id >= 0 {
                if unknownPending { symbols.append(unknownID) }
                unknownPending = false
                symbols.append(id)
                continue
            }
            let fellBack =
                plain
                ? appendFallback(character, to: &symbols)
                : affixed.withUnsafeBufferPointer {
                    character = $0
                    return appendFallback(character, to: &symbols)
                }
            if fellBack || unknownID < 0 { continue }
            if unknownPending, !settings.fusesUnknown { symbols.append(unknownID) }
            unknownPending = true
        }
        if unknownPending { symbols.append(unknownID) }
    }

    /// Appends the symbols of the character's bytes; returns false and appends nothing if one is
    /// missing.
    private func appendFallback(
        _ character: UnsafeBufferPointer<UInt8>, to symbols: inout [Int32]
    ) -> Bool {
        guard settings.fallsBackToBytes,
            character.allSatisfy({ fallbackSymbols[Int($0)] >= 0 })
        else { return false }
        for byte in character { symbols.append(fallbackSymbols[Int(byte)]) }
        return true
    }
}
