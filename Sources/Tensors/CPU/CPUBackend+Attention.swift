import CVectorKernels
import VectorMath

/// Causal attention within each sequence of a packed batch.
///
///     S = Q K^T / sqrt(d),   P = softmax of S over the visible keys,   O = P V
///     dV = P^T dO,   dP = dO V^T,   dS = P (dP - rowsum(P dP)),   dQ = dS K / sqrt(d),
///     dK = dS^T Q / sqrt(d)
///
/// The probabilities are not kept: the backward pass recomputes them, a block of queries at a time
/// (Dao et al. 2022). It normalizes them again, since queries and keys may have been rounded. Memory does not grow
/// with the square of the length, and keys after a block's last query are not read.
extension CPUBackend {
    private static let queriesPerBlock = 64

    /// A task is one sequence and one key/value head with the query heads it serves; no other task
    /// writes to its outputs.
    package func attention(
        query: Buffer, key: Buffer, value: Buffer, layout: SequenceLayout, lastQueries: Int?,
        shape: AttentionShape
    ) -> Buffer {
        let (width, dimension) = (shape.heads * shape.headDimension, shape.headDimension)
        let output = buffer(count: query.count)
        let count = CausalAttention.scratchCount(keys: layout.longest, dimension: dimension)
        // Each worker's begins with a cache line.
        let scratchSize = (count + 15) & ~15
        let scratch = buffer(count: parallel.threads * scratchSize)
        let (q, k, v, o, s) = (
            query.floats, key.floats, value.floats, output.floats, scratch.floats
        )
        parallel.tasks(layout.sequences * shape.keyValueHeads) { task, worker in
            let unit = AttentionUnit(task, layout, lastQueries, shape)
            let queries =
                unit.queryRow(unit.queries.lowerBound) * width
                + unit.queryHeads.lowerBound * dimension
            let keys = unit.keyOffset(0)
            CausalAttention.attend(
                CausalAttention.Shape(
                    firstQuery: unit.queries.lowerBound, queries: unit.queries.count,
                    keys: unit.rows.count,
                    dimension: dimension, group: unit.queryHeads.count, window: shape.window),
                queries: q + queries, stride: width, keys: k + keys, values: v + keys,
                keyStride: unit.keyWidth, into: o + queries, outputStride: width,
                scratch: s + worker * scratchSize)
        }
        return output
    }

    package func attentionBackward(
        _ gradient: Buffer, query: Buffer, key: Buffer, value: Buffer, layout: SequenceLayout,
        lastQueries: Int?, shape: AttentionShape
    ) -> (query: Buffer, key: Buffer, value: Buffer) {
        let width = shape.heads * shape.headDimension
        let dquery = buffer(count: query.count)
        let (dkey, dvalue) = (zeros(count: key.count), zeros(count: value.count))
        let block = Self.queriesPerBlock
        let scratchSize = 2 * block * max(1, layout.longest)
        let scratch = buffer(count: parallel.threads * scratchSize)
        let (q, k, v, s) = (query.floats, key.floats, value.floats, scratch.floats)
        let (dO, dQ, dK, dV) = (gradient.floats, dquery.floats, dkey.floats, dvalue.floats)
        parallel.tasks(layout.sequences * shape.keyValueHeads) { task, worker in
            let unit = AttentionUnit(task, layout, lastQueries, shape)
            let scores = s + worker * scratchSize
            let slopes = scores + block * max(1, layout.longest)
            for head in unit.queryHeads {
                let column = head * shape.headDimension
                for block in unit.blocks(block) {
                    let (m, n, d) = (block.queries.count, block.keys.count, shape.headDimension)
                    let queries = unit.queryRow(block.queries.lowerBound) * width + column
                    let keys = unit.keyOffset(block.keys.lowerBound)
                    products.multiplyHere(
                        q + queries, k + keys, scores,
                        Product(
                            m: m, n: n, k: d, bTransposed: true, aStride: width,
                            bStride: unit.keyWidth, cStride: n))
                    training_attention_softmax(
                        scores, m, n, n, block.queries.lowerBound, block.keys.lowerBound,
                        shape.window ?? 0, shape.scale)
                    products.multiplyHere(
                        scores, dO + queries, dV + keys,
                        Product(
                            m: n, n: d, k: m, aTransposed: true, aStride: n, bStride: width,
                            cStride: unit.keyWidth, accumulate: true))
                    products.multiplyHere(
                        dO + queries, v + keys, slopes,
                        Product(
                            m: m, n: n, k: d, bTransposed: true, aStride: width,
                            bStride: unit.keyWidth, cStride: n))
                    training_attention_backward(scores, slopes, m, n, n, shape.scale)
                    products.multiplyHere(
                        slopes, k + keys, dQ + queries,
                        Product(
                            m: m, n: d, k: n, aStride: n, bStride: unit.keyWidth, cStride: width))
                    products.multiplyHere(
                        slopes, q + queries, dK + keys,
                        Product(
                            m: n, n: d, k: m, aTransposed: true, aStride: n, bStride: width,
                            cStride: unit.keyWidth, accumulate: true))
                }
            }
        }
        return (dquery, dkey, dvalue)
    }
}

extension AttentionShape {
    /// 1 / sqrt(d)
    fileprivate var scale: Float { 1 / Float(headDimension).squareRoot() }
}

/// The work of one task: a sequence's rows and one key/value head.
private struct AttentionUnit {
    let rows: Range<Int>
    /// The queries' positions in the sequence.
    let queries: Range<Int>
    let queryHeads: Range<Int>
    let keyWidth: Int
    private let keyColumn: Int
    private let window: Int?
    private let firstQueryRow: Int

    init(
        _ task: Int, _ layout: SequenceLayout, _ lastQueries: Int?, _ shape: AttentionShape
    ) {
        let sequence = task / shape.keyValueHeads
        rows = layout.range(sequence)
        queries = rows.count - (lastQueries ?? rows.count)..<rows.count
        firstQueryRow = lastQueries.map { sequence * $0 } ?? rows.lowerBound
        let head = task % shape.keyValueHeads
        let group = shape.heads / shape.keyValueHeads
        queryHeads = head * group..<(head + 1) * group
        keyWidth = shape.keyValueHeads * shape.headDimension
        keyColumn = head * shape.headDimension
        window = shape.window
    }

    /// The offset in the packed matrix of the key at `position` of the sequence.
    func keyOffset(_ position: Int) -> Int { (rows.lowerBound + position) * keyWidth + keyColumn }

    /// The row in the packed queries of the one at `position` of the sequence.
    func queryRow(_ position: Int) -> Int { firstQueryRow + position - queries.lowerBound }

    /// Blocks of queries with the keys that any of them attends to, as positions in the sequence.
    func blocks(_ size: Int) -> [(queries: Range<Int>, keys: Range<Int>)] {
        stride(from: queries.lowerBound, to: queries.upperBound, by: size).map { first in
            let end = min(first + size, queries.upperBound)
            let begin = window.map { max(0, first + 1 - $0) } ?? 0
            return (first..<end, begin..<end)
        }
    }
}
