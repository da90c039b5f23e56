// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IEntries {
    function entries(bytes32 key) external view returns (bytes32);
}

/// Stands before a Uniswap V3 pool, and answers in Ramses V2's words: a tick has its boosted liquidity behind the other,
/// an entry is found by owner, index and range and has a sixth word. Everything else is the pool's own.
contract IndexedPool {
    address private immutable pool;
    IEntries private immutable manager;

    constructor(address pool_, IEntries manager_) {
        (pool, manager) = (pool_, manager_);
    }

    function boostedLiquidity() external pure returns (uint128) {
        return 0;
    }

    function ticks(int24) external returns (bytes memory) {
        uint256[8] memory w = abi.decode(_said(msg.data), (uint256[8]));
        _answer(bytes.concat(abi.encode(w[0], w[1], w[0], w[1]), abi.encode(w[2], w[3], w[4], w[5], w[6], w[7])));
    }

    function positions(bytes32 key) external returns (bytes memory) {
        bytes memory said = _said(abi.encodeWithSelector(msg.sig, manager.entries(key)));
        _answer(bytes.concat(said, bytes32(0)));
    }

    fallback() external {
        _answer(_said(msg.data));
    }

    function _said(bytes memory asked) private returns (bytes memory) {
        (bool ok, bytes memory said) = pool.delegatecall(asked);
        if (!ok) assembly { revert(add(said, 32), mload(said)) }
        return said;
    }

    function _answer(bytes memory words) private pure {
        assembly { return(add(words, 32), mload(words)) }
    }
}
