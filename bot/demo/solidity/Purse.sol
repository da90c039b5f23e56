// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IManager {
    function modifyLiquidities(bytes calldata unlockData, uint256 deadline) external payable;
}

interface IToken {
    function balanceOf(address account) external view returns (uint256);
}

/// Stands in an owner's place in a call that is not sent, and tells what a change of liquidity paid.
contract Purse {
    function paid(IManager manager, bytes calldata change, address[2] calldata tokens)
        external
        returns (uint256 got0, uint256 got1)
    {
        (uint256 had0, uint256 had1) = (held(tokens[0]), held(tokens[1]));
        manager.modifyLiquidities(change, type(uint256).max);
        return (held(tokens[0]) - had0, held(tokens[1]) - had1);
    }

    function held(address token) private view returns (uint256) {
        return token == address(0) ? address(this).balance : IToken(token).balanceOf(address(this));
    }

    receive() external payable {}
}
