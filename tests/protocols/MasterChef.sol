// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface ILp {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// A farm of many pairs, with the words that SushiSwap's MasterChef has in public: pools by number, what is whose.
contract MasterChef {
    struct UserInfo {
        uint256 amount;
        uint256 rewardDebt;
    }

    ILp[] private lps;
    mapping(uint256 => mapping(address => UserInfo)) public userInfo;

    function poolLength() external view returns (uint256) {
        return lps.length;
    }

    function poolInfo(uint256 pool) external view returns (ILp, uint256, uint256, uint256) {
        return (lps[pool], 1, 0, 0);
    }

    function add(ILp lp) external {
        lps.push(lp);
    }

    function deposit(uint256 pool, uint256 amount) external {
        lps[pool].transferFrom(msg.sender, address(this), amount);
        userInfo[pool][msg.sender].amount += amount;
    }

    function withdraw(uint256 pool, uint256 amount) external {
        userInfo[pool][msg.sender].amount -= amount;
        lps[pool].transfer(msg.sender, amount);
    }
}
