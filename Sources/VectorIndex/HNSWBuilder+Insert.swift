import FileFormat
import VectorMath

extension HNSWBuilder {
    /// The new links of a node on one layer, nearest first.
    struct Choice {
        var level: Int
        var node: UInt32
        var neighbors: [NeighborSelection.Candidate]
    }

    /// A link to add to the list of `target`.
    private struct ReverseLink {
        var level: Int
        var target: UInt32
        var source: UInt32
        var distance: Float

        static func precedes(_ a: ReverseLink, _ b: ReverseLink) -> Bool {
            (a.level, a.target, a.source) < (b.level, b.target, b.source)
        }
    }

    /// Shared by the threads of one phase, each of which writes only the element at its index.
    private final class Shared<Element>: @unchecked Sendable {
        let storage: GraphStorage
        let elements: UnsafeMutableBufferPointer<Element>

        init(_ storage: GraphStorage, _ elements: UnsafeMutableBufferPointer<Element>) {
            (self.storage, self.elements) = (storage, elements)
        }
    }

    func insertBatch(
        labels: ArraySlice<Int64>, vectors: UnsafeBufferPointer<Float>, threads: Int
    ) throws(IndexError) {
        let dimensions = parameters.dimensions
        let prepared = AlignedArray<Float>(repeating: 0, count: dimensions)
        var arrivals: [Arrival] = []
        for (index, label) in labels.enumerated() {
            let row = UnsafeBufferPointer(
                rebasing: vectors[index * dimensions..<(index + 1) * dimensions])
            try parameters.metric.prepared(
                row, dimensions: dimensions, label: label, into: prepared.pointer)
            let vector = UnsafeBufferPointer(start: prepared.pointer, count: dimensions)
            encodedRow.encode(vector)
            let twin = storage.slot(equalTo: encodedRow)
            let slot = twin ?? storage.addNode(label: label)
            if twin == nil { storage.setRow(slot, encodedRow) }
            arrivals.append(
                Arrival(
                    label: label, vectorHash: vectorHash(vector), slot: slot, isNew: twin == nil))
        }
        lastLabel = labels.last

        let slots = arrivals.filter(\.isNew).map(\.slot)
        var found = findNeighbors(of: slots, threads: threads)
        let leaders = joinCopies(arrivals, found)
        if !leaders.isEmpty {
            found = findAgain(found, leaders: leaders, threads: threads)
            for slot in leaders.keys { storage.free(slot) }
            storage.sortFree()
        }
        let choices = found.flatMap(\.choices)
        for choice in choices {
            storage.setLinks(
                choice.neighbors.lazy.map(\.node), of: choice.node, level: choice.level)
        }
        addReverseLinks(of: choices, threads: threads)
        raiseEntry(found.map(\.slot))
    }

    /// Tells vectors with equal codes apart; without quantization equal rows are equal vectors.
    private func vectorHash(_ vector: UnsafeBufferPointer<Float>) -> UInt64 {
        parameters.quantization == .none ? 0 : ContentHash(of: UnsafeRawBufferPointer(vector)).low
    }

    /// Phase 1: chooses the neighbors of new nodes from the graph before the batch and from earlier
    /// nodes of the batch.
    ///
    /// - Parameters:
    ///   - slots: the new nodes.
    ///   - wanted: the places of those whose neighbors are chosen; all if it is `nil`.
    func findNeighbors(of slots: [UInt32], only wanted: [Int]? = nil, threads: Int) -> [Found] {
        let wanted = wanted ?? Array(slots.indices)
        var results = wanted.map { Found(slot: slots[$0]) }
        let workers = workers(threads)
        let ordinals = slots.map { storage.ordinals[$0] }
        results.withUnsafeMutableBufferPointer { buffer in
            let shared = Shared(storage, buffer)
            let parameters = parameters
            WorkerThreads.run(count: wanted.count, threads: threads) { worker, index in
                shared.elements[index] = Self.found(
                    wanted[index], slots: slots, ordinals: ordinals, storage: shared.storage,
                    parameters: parameters, workers[worker])
            }
        }
        return results
    }

    private static func found(
        _ index: Int, slots: [UInt32], ordinals: [UInt32?], storage: GraphStorage,
        parameters: IndexParameters, _ worker: Worker
    ) -> Found {
        let (graph, rows, walker) = (storage.graph, storage.vectorRows, worker.walker)
        walker.query.load(row: slots[index], of: rows)
        let ownLevel = ordinals[index].map { Int(storage.levels[Int($0)]) } ?? 0
        var found = Found(slot: slots[index])
        var entry: UInt32?
        var top = 0
        switch graph.entry {
        case .empty: break
        case .bottom(let slot): entry = slot
        case .upper(let ordinal, let level):
            top = level
            entry = walker.descend(
                graph, rows, from: ordinal, level: level, to: min(level, ownLevel))
            if ownLevel == 0, let ordinal = entry { entry = graph.slots[Int(ordinal)] }
        }
        for level in stride(from: ownLevel, through: 0, by: -1) {
            let layer = graph.layer(level)
            if level <= top, let entry {
                walker.walk(layer, rows, from: entry, ef: parameters.efConstruction)
            } else {
                walker.emptyPool(limit: parameters.efConstruction)
            }
            if walker.pool.count > 0 {
                let nearest = walker.pool.node(at: 0)
                entry = level == 1 ? graph.slots[Int(nearest)] : nearest
            }
            // The earlier nodes of the batch on this layer.
            let earlier =
                level == 0
                ? Array(slots[..<index])
                : ordinals[..<index].compactMap { $0 }
                    .filter { Int(storage.levels[Int($0)]) >= level }
            walker.offerAll(earlier, in: layer, rows)
            let candidates = walker.pool.candidates
            let node = level == 0 ? slots[index] : ordinals[index]!
            if level == 0 {
                found.leaders = NearCopies(of: walker.query, rows).among(candidates)
            }
            found.candidates += candidates.map { layer.slot(of: $0.node) }
            found.choices.append(
                Choice(
                    level: level, node: node,
                    neighbors: worker.selection.select(
                        candidates, for: walker.query, limit: parameters.m,
                        least: parameters.m, in: layer, rows)))
        }
        return found
    }

    /// Phase 2: each chosen neighbor links back; a list that overflows is cut to a diverse
    /// selection.
    func addReverseLinks(of choices: [Choice], threads: Int) {
        var reverse: [ReverseLink] = []
        for choice in choices {
            for neighbor in choice.neighbors {
                reverse.append(
                    ReverseLink(
                        level: choice.level, target: neighbor.node, source: choice.node,
                        distance: neighbor.distance))
            }
        }
        reverse.sort(by: ReverseLink.precedes)
        var starts = reverse.indices.filter { index in
            index == 0 || reverse[index - 1].level != reverse[index].level
                || reverse[index - 1].target != reverse[index].target
        }
        let targets = starts.count
        starts.append(reverse.count)
        let workers = workers(threads)
        // Smaller pieces would cost more to hand out than to process.
        let piece = 64
        let pieces = (targets + piece - 1) / piece
        reverse.withUnsafeMutableBufferPointer { buffer in
            let shared = Shared(storage, buffer)
            let (starts, parameters) = (starts, parameters)
            WorkerThreads.run(count: pieces, threads: threads) { worker, index in
                for target in index * piece..<min(targets, (index + 1) * piece) {
                    Self.merge(
                        UnsafeBufferPointer(
                            rebasing: shared.elements[starts[target]..<starts[target + 1]]),
                        into: shared.storage, parameters: parameters, workers[worker])
                }
            }
        }
    }

    private static func merge(
        _ added: UnsafeBufferPointer<ReverseLink>, into storage: GraphStorage,
        parameters: IndexParameters, _ worker: Worker
    ) {
        let (level, target) = (added[0].level, added[0].target)
        let layer = storage.graph.layer(level)
        let existing = layer.list(of: target)
        let degree = layer.degree
        if existing.count + added.count <= degree {
            let links = storage.links(of: target, level: level)
            for (offset, link) in added.enumerated() {
                links[existing.count + offset] = link.source
            }
            return
        }
        let rows = storage.vectorRows
        worker.walker.query.load(row: layer.slot(of: target), of: rows)
        var candidates = worker.walker.best(
            existing.count, of: Array(existing), in: layer, rows)
        candidates += added.map { .init(distance: $0.distance, node: $0.source) }
        candidates.sort(by: NeighborSelection.Candidate.precedes)
        let kept = worker.selection.select(
            candidates, for: worker.walker.query, limit: degree, least: parameters.m,
            in: layer, rows)
        storage.setLinks(kept.lazy.map(\.node), of: target, level: level)
    }

    /// Makes a node that is higher than all others the entry point.
    private func raiseEntry(_ slots: [UInt32]) {
        for slot in slots {
            let level = storage.ordinals[slot].map { Int(storage.levels[Int($0)]) } ?? 0
            switch storage.entry {
            case .empty, .bottom:
                if let ordinal = storage.ordinals[slot] {
                    storage.entry = .upper(ordinal: ordinal, level: level)
                } else if storage.entry == .empty {
                    storage.entry = .bottom(slot: slot)
                }
            case .upper(_, let top):
                if level > top, let ordinal = storage.ordinals[slot] {
                    storage.entry = .upper(ordinal: ordinal, level: level)
                }
            }
        }
    }
}
