// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// Stands before an Algebra pool, and answers `globalState()` in the eight words of Camelot's: price, tick, a fee for each
/// direction, timepoint, both community fees, unlocked. Everything else is the pool's own.
contract TwoFees {
    address private immutable pool;
    address private immutable manager; // Algebra's own, which takes seven words

    constructor(address pool_, address manager_) {
        (pool, manager) = (pool_, manager_);
    }

    fallback() external {
        (bool ok, bytes memory said) = pool.delegatecall(msg.data);
        bool isState = msg.sig == bytes4(keccak256("globalState()")) && msg.sender != manager;
        assembly {
            if iszero(ok) { revert(add(said, 32), mload(said)) }
            if iszero(isState) { return(add(said, 32), mload(said)) }
            let words := mload(0x40)
            for { let at := 0 } lt(at, 8) { at := add(at, 1) } {
                let from := sub(at, gt(at, 2))
                mstore(add(words, mul(at, 32)), mload(add(add(said, 32), mul(from, 32))))
            }
            return(words, 256)
        }
    }
}
